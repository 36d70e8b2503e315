//! Puts what `cargo xtask ui` made in `ui/dist` into the server: a table of its files.
//!
//! It never runs npm. Where the page was not made, a debug build serves one that says how to make
//! it, and a release build fails, so that nobody ships a server without its page by oversight.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Set to build a release without the page on purpose.
const WITHOUT: &str = "STELE_WITHOUT_PAGE";

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../ui/dist");
    println!("cargo::rerun-if-env-changed={WITHOUT}");
    // Cargo can only watch what is there.
    fs::create_dir_all(&root)?;
    let root = root.canonicalize()?;
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    if env::var_os(WITHOUT).is_none() {
        list(&root, &mut files)?;
    }
    let has_page = files.iter().any(|path| path.ends_with("index.html"));
    if !has_page {
        files.clear();
        if env::var("PROFILE")? == "release" && env::var_os(WITHOUT).is_none() {
            println!(
                "cargo::error=the web page is not there: run `cargo xtask ui` first (it needs \
                 Node.js), or set {WITHOUT}=1 to build a server without it"
            );
            return Ok(());
        }
    }
    files.sort();
    let mut text = String::from("&[\n");
    for path in files.iter().filter(|path| path.extension().is_none_or(|kind| kind != "br")) {
        let name = path.strip_prefix(&root)?.to_str().ok_or("a file name is not UTF-8")?;
        let brotli = PathBuf::from(format!("{}.br", path.display()));
        let brotli = if files.contains(&brotli) {
            format!("Some(include_bytes!({:?}))", brotli.display().to_string())
        } else {
            "None".to_owned()
        };
        writeln!(
            text,
            "File {{ path: {:?}, kind: {:?}, bytes: include_bytes!({:?}), brotli: {brotli} }},",
            format!("/{name}"),
            kind(path)?,
            path.display().to_string(),
        )?;
    }
    text.push(']');
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("page.rs"), text)?;
    Ok(())
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn kind(path: &Path) -> Result<&'static str, Box<dyn Error>> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    Ok(match extension.unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "json" => "application/json",
        _ => return Err(format!("`{}` is of no kind that is known here", path.display()).into()),
    })
}
