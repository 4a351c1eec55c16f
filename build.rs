//! Files that are added to the maps must be embedded.

fn main() {
    println!("cargo::rerun-if-changed=annotation-maps");
}
