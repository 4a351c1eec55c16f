//! Implementations: what each can say beyond core Gateway API. One file per implementation.
