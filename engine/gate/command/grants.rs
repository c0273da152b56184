//! What a command of the playbook is given: files, caches, hosts.

#![expect(
    clippy::disallowed_methods,
    reason = "caches and settings of package managers stand outside the project"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::gate::command::shield::Shield;
use crate::gate::{Hall, Refusal};
use crate::playbook::{Command, CommandKind, EnvFileAccess};
use crate::project::Manager;
use crate::sandbox::readable::Home;
use crate::sandbox::{Files, Grants, Host, Upstream};

/// The longest settings file that is read for addresses, in bytes.
const LONGEST_SETTINGS: u64 = 1024 * 1024;

/// The managers that a command may fetch by, if it may fetch: `add` and what fetches by itself.
pub(super) fn fetching<'a>(command: &Command, hall: &'a Hall) -> Option<&'a Manager> {
    let manager = hall.project.manager.as_ref();
    match command.kind {
        CommandKind::Add => manager,
        CommandKind::Exec | CommandKind::Script => manager.filter(|manager| manager.fetches),
        CommandKind::Run => {
            let program = &command.words.first()?.text;
            let is_it = |manager: &&Manager| manager.add.first() == Some(program);
            hall.project.managers.iter().filter(|manager| manager.fetches).find(is_it)
        }
    }
}

/// Says what a command is given, and makes the folders of caches that it fetches into.
pub(super) fn grants(hall: &Hall, command: &Command, shield: &Shield) -> Result<Grants, Refusal> {
    let home = Home::new(&hall.environment);
    let manager = fetching(command, hall);
    let mut files = Files {
        readable: home.readable(),
        writable: vec![hall.workspace.root().to_owned()],
        masked: Vec::new(),
        frozen: shield.frozen(),
    };
    let above = hall.project.above();
    files.readable.extend(above.last().cloned());
    files.readable.extend(hall.project.environment().map(Path::to_owned));
    if command.env_file == EnvFileAccess::Hidden {
        files.masked = shield.secrets();
    }
    let mut hosts = Vec::new();
    for host in &command.network {
        hosts.push(Host::granted(&host.value).ok_or_else(|| {
            let (name, host) = (&command.name.value, &host.value);
            Refusal::Reply(format!("the command `{name}` names `{host}`, which is no host"))
        })?);
    }
    if let Some(manager) = manager {
        hosts.extend(fetch(manager, &hall.environment, &mut files));
        files.writable.extend(hall.project.environment().map(Path::to_owned));
        files.writable.extend(lock_folder(manager, above));
    }
    files.readable.extend(files.writable.iter().cloned());
    let own = command.kind != CommandKind::Run;
    Ok(Grants { own, files, hosts, upstream: Upstream::read(&hall.environment) })
}

/// Gives a package manager its caches and settings, and returns the hosts that it fetches from.
pub(super) fn fetch(
    manager: &Manager,
    environment: &BTreeMap<String, String>,
    files: &mut Files,
) -> Vec<Host> {
    let home = Home::new(environment);
    let mut hosts: Vec<Host> =
        manager.network.iter().filter_map(|host| Host::granted(host)).collect();
    let settings = manager.settings.iter().filter_map(|path| home.path(path));
    for path in settings.filter(|path| path.is_file()) {
        hosts.extend(Host::own(&text(&path)));
        files.readable.push(path);
    }
    for name in &manager.variables {
        let value = environment.get(name).map(String::as_str).unwrap_or_default();
        hosts.extend(Host::own(value));
        let folders = value.split_whitespace().map(Path::new);
        files.readable.extend(folders.flat_map(|folder| home.around(folder)));
    }
    files.writable.extend(caches(manager, home));
    hosts
}

/// Returns the folder above the root that holds the lock file, which installing changes.
fn lock_folder(manager: &Manager, above: &[PathBuf]) -> Option<PathBuf> {
    let lock = manager.lock.as_ref()?;
    above.iter().find(|folder| folder.join(lock).is_file()).cloned()
}

fn caches(manager: &Manager, home: Home<'_>) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for text in &manager.caches {
        let Some(path) = home.path(text) else { continue };
        if text.ends_with('/') {
            let _ = std::fs::create_dir_all(&path);
        }
        paths.extend(path.exists().then_some(path));
    }
    paths
}

fn text(path: &Path) -> String {
    let short = path.metadata().is_ok_and(|found| found.len() <= LONGEST_SETTINGS);
    let text = if short { std::fs::read_to_string(path).ok() } else { None };
    let text = text.unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with(['#', ';']));
    lines.collect::<Vec<_>>().join("\n")
}
