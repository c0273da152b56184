//! What a hostile command tries, and what has become of it.

use std::path::Path;
use std::time::{Duration, Instant};

use wizard::sandbox::Level;

use super::levels;
use crate::corpus::Fixture;
use crate::corpus::sandbox::run;
use crate::execute::Played;

/// Programs in python that try something and fail where it works: `assert` what must not be.
const TRIES: [(&str, &str); 24] = [
    ("a datagram", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"),
    ("a raw socket", "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)"),
    ("a netlink socket", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)"),
    ("a packet socket", "socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)"),
    ("a vsock", "socket.socket(40, socket.SOCK_STREAM)"),
    ("a public address", "socket.create_connection(('203.0.113.80', 443), 2)"),
    ("a link-local address", "socket.create_connection(('169.254.169.254', 80), 2)"),
    ("io_uring", "syscall(425, 8, 0)"),
    ("ptrace", "syscall(101, 16, os.getppid(), 0, 0)"),
    ("keyctl", "syscall(250, 0, -3, 0)"),
    ("bpf", "syscall(321, 0, 0, 0)"),
    ("userfaultfd", "syscall(323, 0)"),
    ("perf", "syscall(298, 0, 0, -1, -1, 0)"),
    ("the second table of calls", "syscall(0x40000000 + 425, 8, 0)"),
    ("a user namespace", "syscall(272, 0x10000000)"),
    ("a namespace by clone", "syscall(56, 0x10000000 | 17, 0, 0, 0, 0)"),
    ("a mount", "syscall(165, b'none', b'/tmp', b'tmpfs', 0, 0)"),
    ("a new root", "os.chroot('.')"),
    ("a file with its owner's rights", "open('x', 'w'); os.chmod('x', 0o4755)"),
    ("a device", "os.mknod('d', 0o020666, os.makedev(1, 1))"),
    ("the system's secrets", "open('/etc/shadow').read()"),
    ("the person's home", "os.listdir('/root')"),
    ("a file beside the project", "open('../outside/secret.txt').read()"),
    ("a write beside the project", "open('../outside/new', 'w')"),
];

fn python(code: &str) -> Vec<String> {
    let head = "import os, socket, sys, time, ctypes\n\
                libc = ctypes.CDLL(None, use_errno=True)\n\
                def syscall(*words):\n    \
                    done = libc.syscall(*words)\n    \
                    if done < 0: raise OSError(ctypes.get_errno(), 'refused')\n    \
                    return done\n";
    ["python3", "-c", &format!("{head}{code}\n")].map(str::to_owned).to_vec()
}

fn ended(played: &Played) -> (Option<i32>, String, Vec<String>) {
    played.command().unwrap_or_else(|| panic!("it did not run: {:?}", played.fault))
}

#[test]
fn what_a_command_must_not_do_fails() {
    let fixture = Fixture::small();
    for level in levels() {
        for (what, code) in TRIES {
            let (exit, text, _) = ended(&run(&fixture, &python(code), level));
            assert_eq!(exit, Some(1), "{level:?}: {what}: {text}");
            let refused = ["Error", "refused"].iter().any(|word| text.contains(word));
            assert!(refused && !text.contains("SyntaxError"), "{what}: {text}");
        }
    }
}

#[test]
fn env_files_are_empty_by_all_their_names() {
    let fixture = Fixture::small();
    let code = "for name in ['.env', '.env.local', 'hard_env.txt', 'link_env', 'docs/link_env_rel',\n\
                'apps/web/.env', 'id_rsa', 'server.pem', 'config/master.key']:\n    \
                assert open(name).read() == '', name\n\
                assert open('.env.example').read() != ''";
    if levels().contains(&Level::Full) {
        let (exit, text, _) = ended(&run(&fixture, &python(code), Level::Full));
        assert_eq!(exit, Some(0), "{text}");
    }
}

#[test]
fn what_configures_the_persons_tools_is_put_back() {
    let tries = [
        "os.makedirs('.vscode'); open('.vscode/tasks.json', 'w').write('x')",
        "open('CLAUDE.md', 'w').write('obey')",
        "os.makedirs('.git/hooks', exist_ok=True); open('.git/hooks/pre-commit', 'w').write('x')",
        "os.makedirs('a/b/.github/workflows'); open('a/b/.github/workflows/x.yml', 'w').write('x')",
        "os.symlink('/tmp', '.husky')",
        "open('.ENV', 'w').write('NODE_OPTIONS=x')",
    ];
    for level in levels() {
        for code in tries {
            let fixture = Fixture::small();
            let played = run(&fixture, &python(code), level);
            let (_, text, reverted) = ended(&played);
            assert!(!reverted.is_empty(), "{level:?}: {code}: {text}");
            let fault = played.fault.unwrap_or_default();
            assert!(fault.contains("changed what it must not"), "{code}: {fault}");
            for name in
                [".vscode", "CLAUDE.md", ".git/hooks", "a/b/.github/workflows/x.yml", ".husky"]
            {
                let path = fixture.root().join(name);
                assert!(path.symlink_metadata().is_err(), "{level:?}: {code}: {name} is there");
            }
        }
    }
}

#[test]
fn nothing_outlives_a_command() {
    let fixture = Fixture::small();
    let code = "if os.fork() == 0:\n    \
                    os.setsid()\n    \
                    if os.fork() == 0:\n        \
                        time.sleep(1)\n        \
                        open('late', 'w')\n    \
                    os._exit(0)\n\
                time.sleep(0.3)";
    for level in levels() {
        let (exit, text, _) = ended(&run(&fixture, &python(code), level));
        assert_eq!(exit, Some(0), "{text}");
        std::thread::sleep(Duration::from_millis(1_500));
        assert!(!fixture.root().join("late").exists(), "{level:?}");
    }
}

#[test]
fn a_command_that_ignores_every_signal_ends_all_the_same() {
    let fixture = Fixture::small();
    let code = "import signal\n\
                for number in (1, 2, 15): signal.signal(number, signal.SIG_IGN)\n\
                if os.fork() == 0: os.setsid()\n\
                time.sleep(600)";
    for level in levels() {
        let began = Instant::now();
        let words = serde_json::to_string(&python(code)).unwrap();
        let keys = format!(
            "commands:\n  c: {{run: {words}, timeout: 1s}}\nstages:\n  work:\n    run: c\n"
        );
        let script = crate::execute::play(&keys, "").at(fixture.root()).unlinted();
        let (exit, text, _) = ended(&script.no_further_than(level).run());
        assert!(exit.is_none() && text.contains("limit of 1 s"), "{exit:?} {text}");
        assert!(began.elapsed() < Duration::from_secs(30));
        assert_eq!(sleepers(), 0, "{level:?}");
    }
}

/// How many processes sleep for as long as the test above says.
fn sleepers() -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    processes
        .filter(|process| {
            let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains("time.sleep(600)")
                && !process.file_name().to_string_lossy().contains(&std::process::id().to_string())
        })
        .count()
}

#[test]
fn a_command_can_neither_fork_without_end_nor_fill_the_disk_nor_flood() {
    let fixture = Fixture::small();
    let bomb = "made = 0\n\
                for _ in range(6000):\n    \
                    if os.fork() == 0:\n        \
                        time.sleep(60)\n        \
                        os._exit(0)\n    \
                    made += 1\n\
                open('made', 'w').write(str(made))";
    if levels().contains(&Level::Full) {
        let (exit, text, _) = ended(&run(&fixture, &python(bomb), Level::Full));
        assert_ne!(exit, Some(0), "{text}");
        assert!(!fixture.root().join("made").exists());
    }
    for level in levels() {
        let long = "open('long', 'w').truncate(5 << 30)";
        let (exit, text, _) = ended(&run(&fixture, &python(long), level));
        assert_ne!(exit, Some(0), "{text}");
        // Which limit is met first is the machine's to say.
        let flood = "while True: sys.stdout.write('x' * 100000)";
        let (exit, text, _) = ended(&run(&fixture, &python(flood), level));
        assert!(
            exit.is_none() && (text.contains("more than 64 MiB") || text.contains("limit of 20 s")),
            "{exit:?}"
        );
    }
}

#[test]
fn sockets_of_services_are_out_of_reach() {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixListener};
    let fixture = Fixture::small();
    let name = format!("wizard-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _abstract = UnixListener::bind_addr(&address).unwrap();
    let path = fixture.root().parent().unwrap().join("service.sock");
    let _named = UnixListener::bind(&path).unwrap();
    let connect =
        |address: &str| python(&format!("socket.socket(socket.AF_UNIX).connect({address})"));
    for level in levels() {
        let (exit, text, _) = ended(&run(&fixture, &connect(&format!("'\\0{name}'")), level));
        assert_eq!(exit, Some(1), "{level:?}: {text}");
    }
    if levels().contains(&Level::Full) {
        let named = connect(&format!("'{}'", path.display()));
        let (exit, text, _) = ended(&run(&fixture, &named, Level::Full));
        assert_eq!(exit, Some(1), "{text}");
    }
}

#[test]
fn a_program_of_the_project_is_not_started_by_its_path() {
    let fixture = Fixture::small();
    for words in [["./src/exec.sh", "x"], ["src/../src/exec.sh", "x"]] {
        let argv = words.map(str::to_owned);
        let (exit, text, _) = ended(&run(&fixture, &argv, Level::Full));
        assert!(exit.is_none() && text.contains("a program of the project's"), "{text}");
    }
    let absolute = fixture.root().join("src/exec.sh").display().to_string();
    let (_, text, _) = ended(&run(&fixture, &[absolute], Level::Full));
    assert!(text.contains("a program of the project's"), "{text}");
    assert!(Path::new("/usr/bin/true").is_file());
}
