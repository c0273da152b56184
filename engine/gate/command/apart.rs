//! Programs that run apart from every run: in a copy of an app that nobody misses.

use std::collections::BTreeMap;

use crate::gate::Invocation;
use crate::gate::command::environment::environment;
use crate::gate::command::grants::fetch;
use crate::journal::At;
use crate::project::Project;
use crate::sandbox::readable::Home;
use crate::sandbox::{Files, Grants, Upstream};

/// Makes what runs a program in a copy, which it may change; `fetches` lets it reach the package
/// manager's registry and caches, as `add` does.
pub fn apart(
    copy: &Project,
    own: &BTreeMap<String, String>,
    name: &str,
    argv: Vec<String>,
    fetches: bool,
    timeout: u64,
) -> Invocation {
    let root = copy.root.clone();
    let mut files = Files {
        readable: Home::new(own).readable(),
        writable: vec![root.clone()],
        ..Files::default()
    };
    let manager = copy.manager.as_ref().filter(|_| fetches);
    let hosts = manager.map(|manager| fetch(manager, own, &mut files)).unwrap_or_default();
    files.readable.extend(files.writable.iter().cloned());
    let more = manager.map(|manager| manager.variables.clone()).unwrap_or_default();
    Invocation {
        at: At::stage("airplane"),
        name: name.to_owned(),
        argv,
        cwd: root.clone(),
        environment: environment(own, &more, &root),
        root,
        timeout,
        why: "proof".to_owned(),
        grants: Grants { own: true, files, hosts, upstream: Upstream::read(own) },
    }
}
