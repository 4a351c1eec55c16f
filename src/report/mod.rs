//! Reports of closed ledgers, one file per format.
