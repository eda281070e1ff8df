//! `deploy/Containerfile`: the image is built by the compiler that the program is written for.

use std::fs;

use super::root;

#[test]
fn the_image_is_built_by_the_toolchain_of_the_program() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let (toolchain, recipe) = (read("rust-toolchain.toml"), read("deploy/Containerfile"));
    let version =
        toolchain.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap().trim_matches('"');
    for line in [
        format!("FROM docker.io/library/rust:{version}-alpine AS build"),
        format!("ENV RUSTUP_TOOLCHAIN={version}"),
    ] {
        assert!(recipe.lines().any(|one| one == line), "{line} is not in {recipe}");
    }
}
