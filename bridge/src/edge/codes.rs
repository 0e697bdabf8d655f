//! `E_IO` and so on: one constant for each row of `errors.def`, made by the build script.
#![allow(dead_code)]

include!(concat!(env!("OUT_DIR"), "/codes.rs"));
