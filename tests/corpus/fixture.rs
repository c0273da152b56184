//! The project that the rows run against: links that lead out, special files, encodings, and a
//! canary in every secret file, so that one search over all that leaves finds any leak.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::fakes::fake;
use wizard::playbook::hex;

/// What every canary begins with.
pub(crate) const CANARY: &str = "wzcanary-";

/// Files with nothing but a canary in them.
const TOKENS: [&str; 17] = [
    ".npmrc",
    ".netrc",
    ".git-credentials",
    "secrets.yml",
    "config/master.key",
    "terraform.tfvars",
    "terraform.tfstate",
    "id_rsa",
    "server.pem",
    ".pypirc",
    ".docker/config.json",
    "kubeconfig",
    ".dev.vars",
    ".aws/credentials",
    ".streamlit/secrets.toml",
    "node_modules/pkg/.env",
    ".next/standalone/.env",
];

/// Env files with one secret in them.
const ENVS: [&str; 8] = [
    ".env.local",
    ".env.production",
    "apps/web/.env",
    ".env.bak",
    ".env.tracked",
    "prod.env",
    "config/.env.staging.old",
    ".ENV.LOCAL.OLD",
];

/// A project under attack, and what lies beside it.
pub(crate) struct Fixture {
    folder: tempfile::TempDir,
}

/// Returns the canary of a name.
pub(crate) fn canary(name: &str) -> String {
    let digest = Sha256::digest(format!("wizard-canary:{name}"));
    format!("{CANARY}{}", &hex(&digest)[..24])
}

impl Fixture {
    /// Makes the project in a new folder.
    pub(crate) fn new() -> Self {
        let fixture = Fixture::small();
        fixture.large();
        fixture
    }

    /// Makes the project without what is large.
    pub(crate) fn small() -> Self {
        let fixture = Fixture { folder: tempfile::tempdir().unwrap() };
        fixture.secrets();
        fixture.sources();
        fixture.links();
        fixture
    }

    /// The project's root.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("proj")
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        self.write_as(path, bytes, 0o644);
    }

    fn write_as(&self, path: &str, bytes: impl AsRef<[u8]>, mode: u32) {
        let path = self.folder.path().join("proj").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }

    fn secrets(&self) {
        for beside in ["outside", "proj-evil"] {
            self.write(&format!("../{beside}/secret.txt"), canary(beside));
        }
        let (stripe, _) = fake("stripe-live");
        let env = format!(
            "# db\nDATABASE_URL=postgres://app:{}@db.example.com/app\n{stripe}\nSECRET={}\nPORT=3000\n",
            canary("env"),
            canary("env2")
        );
        self.write_as(".env", env, 0o600);
        for path in ENVS {
            self.write_as(path, format!("SECRET={}\n", canary(path)), 0o600);
        }
        for path in TOKENS {
            self.write_as(path, format!("token={}\n", canary(path)), 0o600);
        }
        self.write(".env.example", "NEXT_PUBLIC_POSTHOG_KEY=\n");
        self.write(".env.sample", "NEXT_PUBLIC_POSTHOG_KEY=\n");
        self.write(".env.crlf", format!("A=1\r\nSECRET={}\r\n", canary("crlf")));
        self.write(".env.multiline", "K=\"line1\nNEXT_PUBLIC_POSTHOG_KEY=inside\n\"\n");
        self.write(".env.export", "export NEXT_PUBLIC_POSTHOG_KEY=old\n");
        self.write("service-account.json", fake("gcp-sa-json").0);
        self.write("dist/bundle.js", format!("var s='{}'", canary("env")));
        let key = stripe.split_once('=').unwrap().1;
        self.write("src/config_with_key.ts", format!("const k='{key}' // a\n"));
    }

    fn sources(&self) {
        use std::fmt::Write as _;
        let mut app = String::new();
        for number in 0..7 {
            writeln!(app, "export function f{number}() {{ return {number} }}").unwrap();
        }
        writeln!(app, "// unique line\n{}", "x".repeat(500)).unwrap();
        self.write("src/app.ts", app);
        let texts: [(&str, &[u8]); 14] = [
            ("src/crlf.ts", b"a\r\nb\r\n"),
            ("src/mixed_eol.ts", b"a\r\nc\nd\r\n"),
            ("src/nofinal.ts", b"a"),
            ("src/bom.ts", b"\xef\xbb\xbfa\n"),
            ("src/utf16le.cs", b"\xff\xfea\0\n\0"),
            ("src/latin1.php", b"a \xe9\xe8\n"),
            ("src/curly.md", "\u{201c}x\u{201d}\n".as_bytes()),
            ("src/md_trail.md", b"a  \nb\n"),
            ("src/nfd.md", "e\u{301}\n".as_bytes()),
            ("logo.png", b"\x89PNG\r\n\x1a\n\0\0"),
            ("src/a.ts", b"a\n"),
            ("src/env.ts", b"a\n"),
            ("src/real_in.ts", b"a\n"),
            ("src/app/[id]/page.tsx", b"a\n"),
        ];
        for (path, bytes) in texts {
            self.write(path, bytes);
        }
        self.write_as("src/ro.ts", "a", 0o444);
        self.write_as("src/exec.sh", "#!/bin/sh\n", 0o755);
        self.write(
            "package.json",
            "{\n  \"name\": \"fx\",\n  \"scripts\": {\n    \"build\": \"node leak.js\"\n  },\n  \
             \"dependencies\": {\n  }\n}\n",
        );
        self.write(
            "leak.js",
            "console.log(JSON.stringify(process.env));\
             console.log(require('fs').readFileSync('.env','utf8'))\n",
        );
        self.write("ws/index.ts", "a\n");
    }

    fn links(&self) {
        let root = self.root();
        std::fs::create_dir_all(root.join("docs")).unwrap();
        std::fs::create_dir_all(root.join("packages")).unwrap();
        for (to, at) in [
            ("../outside/secret.txt", "link_out_file"),
            ("../outside", "link_out_dir"),
            ("/etc/hostname", "link_abs"),
            ("link_chain2", "link_chain"),
            ("link_out_file", "link_chain2"),
            (".env", "link_env"),
            ("../.env", "docs/link_env_rel"),
            ("link_loop", "link_loop"),
            ("/proc/self/root/etc/passwd", "link_magic"),
            ("../outside/made", "dangling_out"),
            ("real_in.ts", "src/link_in.ts"),
            ("../outside", ".claude"),
            ("../ws", "packages/ws"),
        ] {
            symlink(to, root.join(at)).unwrap();
        }
        std::fs::hard_link(root.join(".env"), root.join("hard_env.txt")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            root.join("fifo"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        std::os::unix::net::UnixListener::bind(root.join("sock")).unwrap();
    }

    fn large(&self) {
        let root = self.root();
        std::fs::File::create(root.join("huge.log")).unwrap().set_len(3 << 30).unwrap();
        self.write("longline.js", "x".repeat(4_000_000));
    }

    /// Returns what the folder holds, the neighbours of the project too: kinds, modes, targets of
    /// links, and the bytes of files, of which a large one counts by its length.
    pub(crate) fn tree(&self) -> BTreeMap<String, String> {
        let mut tree = BTreeMap::new();
        walk(self.folder.path(), self.folder.path(), &mut tree);
        tree
    }

    /// Returns the first difference to a tree as it was.
    pub(crate) fn changed(&self, before: &BTreeMap<String, String>) -> Option<String> {
        let after = self.tree();
        let names = before.keys().chain(after.keys());
        names.into_iter().find(|name| before.get(*name) != after.get(*name)).cloned()
    }
}

fn walk(base: &Path, folder: &Path, tree: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(base).unwrap().display().to_string();
        let metadata = std::fs::symlink_metadata(&path).unwrap();
        let kind = metadata.file_type();
        let mode = metadata.permissions().mode();
        let content = if kind.is_symlink() {
            std::fs::read_link(&path).unwrap().display().to_string()
        } else if kind.is_file() && metadata.len() < 8 << 20 {
            hex(&Sha256::digest(std::fs::read(&path).unwrap()))
        } else {
            String::new()
        };
        tree.insert(
            name,
            format!("{mode:o} {} {content}", if kind.is_dir() { 0 } else { metadata.len() }),
        );
        if kind.is_dir() {
            walk(base, &path, tree);
        }
    }
}
