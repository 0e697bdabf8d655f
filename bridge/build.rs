//! Generates the error-code constants from `include/weir/errors.def` and the versions
//! of the components.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

fn codes(def: &str) -> Result<String, Box<dyn Error>> {
    let mut out = String::new();
    let mut all = String::new();
    let mut rows = 0_u32;
    for line in def.lines() {
        let Some(row) = line.trim().strip_prefix("WEIR_ERROR_ROW(") else {
            continue;
        };
        let mut cells = row.splitn(6, ',').map(str::trim);
        let (Some(name), Some(number)) = (cells.next(), cells.next()) else {
            return Err(format!("bad row in errors.def: {line}").into());
        };
        let number: i32 = number.parse()?;
        let doc = cells.nth(3).unwrap_or_default();
        let doc = doc.trim_end_matches(')').trim_matches('"');
        writeln!(out, "/// {doc}\npub const E_{name}: i32 = {number};")?;
        writeln!(all, "    {number},")?;
        rows += 1;
    }
    writeln!(out, "/// Every code there is.\npub const ALL: &[i32] = &[\n{all}];")?;
    if rows == 0 {
        return Err("errors.def has no rows".into());
    }
    Ok(out)
}

/// (name in wb_versions, name of the crate)
const COMPONENTS: [(&str, &str); 6] = [
    ("datafusion", "datafusion"),
    ("arrow", "arrow"),
    ("parquet", "parquet"),
    ("object_store", "object_store"),
    ("deltalake-core", "deltalake-core"),
    ("kernel", "buoyant_kernel"),
];

/// The versions that the lock file has: not every crate says its own.
fn versions(lock: &str) -> Result<String, Box<dyn Error>> {
    let mut out = String::from("const VERSIONS: &[(&str, &str)] = &[\n");
    writeln!(out, "    (\"bridge\", {:?}),", env::var("CARGO_PKG_VERSION")?)?;
    for (component, package) in COMPONENTS {
        let head = format!("[[package]]\nname = \"{package}\"\nversion = \"");
        let (_, tail) = lock.split_once(&head).ok_or("a component is not in Cargo.lock")?;
        let version = tail.split('"').next().unwrap_or_default();
        writeln!(out, "    ({component:?}, {version:?}),")?;
    }
    out.push_str("];\n");
    Ok(out)
}

fn main() -> Result<(), Box<dyn Error>> {
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let def = manifest.join("../include/weir/errors.def");
    println!("cargo:rerun-if-changed=build.rs");
    // What tests set in a build of their own (tools/build-bridge).
    println!("cargo::rustc-check-cfg=cfg(weir_test)");
    println!("cargo:rerun-if-changed={}", def.display());
    fs::write(out_dir.join("codes.rs"), codes(&fs::read_to_string(def)?)?)?;
    let lock = manifest.join("Cargo.lock");
    println!("cargo:rerun-if-changed={}", lock.display());
    fs::write(out_dir.join("versions.rs"), versions(&fs::read_to_string(lock)?)?)?;
    Ok(())
}
