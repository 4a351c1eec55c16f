//! Laws of the judge, over small generated clusters.
