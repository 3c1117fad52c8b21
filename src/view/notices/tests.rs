//! Which changes are told, how often, in which words.
