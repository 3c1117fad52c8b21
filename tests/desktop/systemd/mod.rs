//! What is done with a real systemd: a user's manager, in a mount namespace of its own, because systemd serves users only
//! where it seems to have booted the computer. Where that may not be done, nothing is tested.

mod manager;
mod service;
mod units;
