//! Tested here: what stands above.
