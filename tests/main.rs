//! All tests of the program as a user runs it.
