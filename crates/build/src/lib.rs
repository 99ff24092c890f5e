//! From a folder to a package: the steps of `[build]`, and what they leave packed as an OCI image.
//!
//! [`run`] carries out the steps of `[build]`. This room deliberately knows no registry: what it
//! makes are files and descriptions, and others say where they go.

pub mod run;
