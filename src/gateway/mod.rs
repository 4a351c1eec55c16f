//! The new side: Gateway API objects, their limits, and how they route.
