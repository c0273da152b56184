//! What a command sees: a root of its own, with what it was given in its place and nothing else.
//!
//! What is not there cannot be asked for its name, connected to or waited on: not only files, but
//! the sockets of services too.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_bind_recursive,
    mount_change, mount_remount, unmount,
};
use rustix::process::pivot_root;

use crate::sandbox::Confinement;
use crate::sandbox::files::{DEVICES, SHARED_MEMORY};

/// The most links that are followed for one path.
const MOST_LINKS: usize = 40;

/// Links in `/dev` that programs of the shell's kind rely on.
const LINKS: [(&str, &str); 4] = [
    ("dev/fd", "/proc/self/fd"),
    ("dev/stdin", "/proc/self/fd/0"),
    ("dev/stdout", "/proc/self/fd/1"),
    ("dev/stderr", "/proc/self/fd/2"),
];

/// Builds the view and moves this process into it. The process is alone in its namespaces.
pub(super) fn enter(confinement: &Confinement) -> io::Result<()> {
    let slave = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
    mount_change("/", slave)?;
    let root = confinement.scratch.join("root");
    std::fs::create_dir_all(&root)?;
    tmpfs(&root, c"size=16m,mode=755")?;
    let mut view = View { root: root.clone(), bound: BTreeSet::new() };
    let temporary = Confinement::temporary(&confinement.scratch);
    let mut given: Vec<&Path> = confinement
        .files
        .readable
        .iter()
        .chain(&confinement.files.writable)
        .map(PathBuf::as_path)
        .collect();
    given.extend([temporary.as_path(), Path::new("/bin"), Path::new("/sbin")]);
    given.extend(["/lib", "/lib32", "/lib64", "/libx32"].map(Path::new));
    given.sort_unstable();
    for path in given {
        view.place(path)?;
    }
    view.devices()?;
    view.processes()?;
    // Freezing comes first: a mask within a frozen folder stays on top.
    for path in &confinement.files.frozen {
        view.freeze(path)?;
    }
    for path in &confinement.files.masked {
        view.mask(path)?;
    }
    std::env::set_current_dir(&root)?;
    pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    std::env::set_current_dir("/")
}

struct View {
    root: PathBuf,
    /// What is there, each with all that it holds.
    bound: BTreeSet<PathBuf>,
}

impl View {
    /// Puts a path in its place, with the links that lead to it. One that does not exist is left
    /// out.
    fn place(&mut self, path: &Path) -> io::Result<()> {
        let Some(real) = self.lay_links(path)? else { return Ok(()) };
        if real.ancestors().any(|above| self.bound.contains(above)) {
            return Ok(());
        }
        let target = self.of(&real);
        if real.is_dir() {
            std::fs::create_dir_all(&target)?;
        } else {
            lay_file(&target)?;
        }
        mount_bind_recursive(&real, &target)?;
        self.bound.insert(real);
        Ok(())
    }

    /// Returns where a path leads, and lays every link on the way.
    fn lay_links(&self, path: &Path) -> io::Result<Option<PathBuf>> {
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            let Some((link, target, rest)) = first_link(&path)? else {
                return Ok(path.exists().then_some(path));
            };
            let here = self.of(&link);
            let above = link.ancestors().any(|above| self.bound.contains(above));
            if !above && here.symlink_metadata().is_err() {
                if let Some(folder) = here.parent() {
                    std::fs::create_dir_all(folder)?;
                }
                std::os::unix::fs::symlink(&target, here)?;
            }
            path = plain(&link.parent().unwrap_or(Path::new("/")).join(target).join(rest));
        }
        Ok(None)
    }

    fn devices(&self) -> io::Result<()> {
        for device in DEVICES {
            let target = self.of(Path::new(device));
            lay_file(&target)?;
            mount_bind(device, &target)?;
        }
        for (name, target) in LINKS {
            std::os::unix::fs::symlink(target, self.root.join(name))?;
        }
        let shared = self.of(Path::new(SHARED_MEMORY));
        std::fs::create_dir_all(&shared)?;
        tmpfs(&shared, c"size=512m,mode=1777")
    }

    /// Shows the processes of this namespace alone.
    fn processes(&self) -> io::Result<()> {
        let target = self.root.join("proc");
        std::fs::create_dir_all(&target)?;
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        Ok(mount("proc", &target, "proc", flags, None)?)
    }

    /// Makes what is at a path unchangeable, its name included.
    fn freeze(&self, path: &Path) -> io::Result<()> {
        let Some(target) = self.within(path) else { return Ok(()) };
        mount_bind_recursive(&target, &target)?;
        let now = statvfs(&target)?.f_flag;
        let mut flags = MountFlags::BIND | MountFlags::RDONLY;
        // A namespace of less rights may add to what its mounts refuse, and take nothing away.
        for (is, flag) in [
            (StatVfsMountFlags::NOSUID, MountFlags::NOSUID),
            (StatVfsMountFlags::NODEV, MountFlags::NODEV),
            (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
            (StatVfsMountFlags::NOATIME, MountFlags::NOATIME),
            (StatVfsMountFlags::NODIRATIME, MountFlags::NODIRATIME),
            (StatVfsMountFlags::RELATIME, MountFlags::RELATIME),
        ] {
            if now.contains(is) {
                flags |= flag;
            }
        }
        Ok(mount_remount(&target, flags, c"")?)
    }

    /// Makes a file look empty.
    fn mask(&self, path: &Path) -> io::Result<()> {
        match self.within(path) {
            Some(target) => Ok(mount_bind("/dev/null", target)?),
            None => Ok(()),
        }
    }

    /// Returns where in the view something is that was given, if it was.
    fn within(&self, path: &Path) -> Option<PathBuf> {
        let real = path.canonicalize().ok()?;
        let given = real.ancestors().any(|above| self.bound.contains(above));
        given.then(|| self.of(&real))
    }

    fn of(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }
}

/// Makes an empty file for another to be bound to.
fn lay_file(target: &Path) -> io::Result<()> {
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder)?;
    }
    if target.symlink_metadata().is_err() {
        std::fs::File::create_new(target)?;
    }
    Ok(())
}

fn tmpfs(target: &Path, options: &std::ffi::CStr) -> io::Result<()> {
    Ok(mount("tmpfs", target, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, options)?)
}

/// Splits a path at its first link: the link, where it leads, and what comes after it.
fn first_link(path: &Path) -> io::Result<Option<(PathBuf, PathBuf, PathBuf)>> {
    let mut here = PathBuf::new();
    let mut parts = path.components();
    while let Some(part) = parts.next() {
        here.push(part);
        match here.symlink_metadata() {
            Ok(found) if found.is_symlink() => {
                let target = std::fs::read_link(&here)?;
                return Ok(Some((here, target, parts.as_path().to_owned())));
            }
            Ok(_) => {}
            Err(_) => return Ok(None),
        }
    }
    Ok(None)
}

/// Takes `.` and `..` out of an absolute path whose links were followed up to there.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}
