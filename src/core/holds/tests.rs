//! Holds against a server that is nothing but a list of what is paused: stories, and random histories.

mod histories;
mod stories;
mod world;
