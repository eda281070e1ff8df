//! Writes the table of built-in manifests, so that adding one takes no line of code.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../catalog").canonicalize()?;
    println!("cargo::rerun-if-changed={}", folder.display());

    let mut files: Vec<_> =
        fs::read_dir(&folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();

    let mut table = String::from("static BUILTIN: &[(&str, &str)] = &[\n");
    for path in &files {
        let name =
            path.file_name().and_then(|name| name.to_str()).ok_or("a manifest's file name is not UTF-8")?;
        writeln!(table, "    ({name:?}, include_str!({path:?})),")?;
    }
    table.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("builtin_catalog.rs"), table)?;
    Ok(())
}
