//! Tests of the menu: what it says, and that it holds still.

mod facts;
mod outline;
mod places;
mod samples;
mod words;
