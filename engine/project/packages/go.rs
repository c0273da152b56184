//! Packages of Go projects.

use super::{Place, Sight, exact};

/// Reads `require module v1.2.3` of `go.mod`, alone or in a block: the manifest is the lock.
pub(super) fn look(place: Place<'_>, name: &str) -> Sight {
    let manifest = place.text("go.mod").unwrap_or_default();
    let versions = manifest.lines().filter_map(|line| {
        let line = line.split("//").next().unwrap_or_default().trim();
        let line = line.strip_prefix("require ").unwrap_or(line);
        let (module, version) = line.split_once(' ')?;
        let version = version.trim();
        let is_it = module == name && version.starts_with('v') && !version.contains(' ');
        is_it.then(|| version.to_owned())
    });
    exact(versions.collect(), "required in `go.mod`")
        .unwrap_or_else(|| Sight::Absent("`go.mod`".to_owned()))
}

#[cfg(test)]
mod tests {
    use crate::project::packages::tests::sight;

    #[test]
    fn requirements_are_read_alone_and_in_blocks() {
        let manifest = "module example.com/a\n\ngo 1.22\n\nrequire example.com/one v1.2.3\n\nrequire (\n\texample.com/two v0.0.0-20191109021931-daa7c04131f5 // indirect\n\texample.com/old v2.0.0+incompatible\n)\n\nreplace example.com/three v1.0.0 => ../three\n";
        let sight = |name: &str| sight(&[("go.mod", manifest)], name);
        assert_eq!(sight("example.com/one"), "v1.2.3 required in `go.mod`");
        assert!(sight("example.com/two").starts_with("v0.0.0-2019"));
        assert_eq!(sight("example.com/old"), "v2.0.0+incompatible required in `go.mod`");
        assert_eq!(sight("example.com/three"), "absent from `go.mod`");
    }
}
