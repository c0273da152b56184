//! Which system calls a command may make: a filter that is never taken off again.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

/// Calls that nothing which builds a project makes: they look into other processes, change the
/// machine, or reach parts of the kernel that were its weak spots.
const REFUSED: [c_long; 51] = [
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
    libc::SYS_perf_event_open,
    libc::SYS_fanotify_init,
    libc::SYS_lookup_dcookie,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_open_by_handle_at,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_nfsservctl,
    libc::SYS_syslog,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_vhangup,
];

/// Calls that one architecture alone has.
#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: [c_long; 5] =
    [libc::SYS_iopl, libc::SYS_ioperm, libc::SYS_modify_ldt, libc::SYS_uselib, libc::SYS__sysctl];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_HERE: [c_long; 0] = [];

/// The kernel's second table of calls, and the numbers that only it has for some of them.
#[cfg(target_arch = "x86_64")]
const SECOND_TABLE: c_long = 0x4000_0000;
#[cfg(target_arch = "x86_64")]
const ONLY_IN_SECOND: std::ops::RangeInclusive<c_long> = 512..=547;

/// Every bit of `clone` that makes a namespace.
const NAMESPACES: [libc::c_int; 8] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    0x80,
];

/// What types of internet sockets there are besides streams.
const NO_STREAMS: [libc::c_int; 5] =
    [libc::SOCK_DGRAM, libc::SOCK_RAW, libc::SOCK_RDM, libc::SOCK_SEQPACKET, libc::SOCK_DCCP];

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Puts the filter on this process and on all that it starts. `internet` leaves it streams: to a
/// proxy, or in a network of its own.
pub(super) fn filter(internet: bool) -> Result<(), String> {
    let said = |error: seccompiler::Error| format!("system calls cannot be filtered: {error}");
    let apply = |program: &BpfProgram| seccompiler::apply_filter(program).map_err(said);
    // The kernel asks every filter; the first names the error for what glibc tries another way.
    apply(&program(unknown(), libc::ENOSYS)?)?;
    apply(&program(refused(internet)?, libc::EPERM)?)
}

/// `clone3` hides its flags from filters; without it, programs use `clone`.
fn unknown() -> Rules {
    Rules::from([(libc::SYS_clone3, Vec::new())])
}

fn refused(internet: bool) -> Result<Rules, String> {
    let mut rules: Rules =
        REFUSED.iter().chain(&REFUSED_HERE).map(|call| (*call, Vec::new())).collect();
    let mut makes = Vec::new();
    for bit in NAMESPACES {
        let bit = u64::from(bit.unsigned_abs());
        makes.push(rule(&[(0, SeccompCmpOp::MaskedEq(bit), bit)])?);
    }
    rules.insert(libc::SYS_clone, makes);
    rules.extend(modes()?);
    rules.insert(libc::SYS_socket, sockets(internet)?);
    rules
        .insert(libc::SYS_socketpair, vec![rule(&[(0, SeccompCmpOp::Ne, number(libc::AF_UNIX))])?]);
    // To type into the terminal that started us.
    let mut types = Vec::new();
    for request in [libc::TIOCSTI, 0x541c, libc::TIOCSETD] {
        types.push(rule(&[(1, SeccompCmpOp::Eq, request)])?);
    }
    rules.insert(libc::SYS_ioctl, types);
    #[cfg(target_arch = "x86_64")]
    {
        let second: Rules =
            rules.iter().map(|(call, rules)| (call | SECOND_TABLE, rules.clone())).collect();
        rules.extend(second);
        rules.extend(ONLY_IN_SECOND.map(|call| (call | SECOND_TABLE, Vec::new())));
    }
    Ok(rules)
}

/// Refuses files that others run with the rights of their owner: the number is that of the
/// argument which holds the mode.
fn modes() -> Result<Rules, String> {
    let mut calls = vec![
        (libc::SYS_fchmod, 1),
        (libc::SYS_fchmodat, 2),
        (libc::SYS_fchmodat2, 2),
        (libc::SYS_mknodat, 2),
    ];
    #[cfg(target_arch = "x86_64")]
    calls.extend([(libc::SYS_chmod, 1), (libc::SYS_creat, 1), (libc::SYS_mknod, 1)]);
    // The mode of one that opens counts where it creates; `openat2` hides it from filters.
    let mut rules = Rules::new();
    let creates = u64::from(libc::O_CREAT.unsigned_abs());
    let mut opens = vec![(libc::SYS_openat, 2)];
    #[cfg(target_arch = "x86_64")]
    opens.push((libc::SYS_open, 1));
    for (call, flags) in opens {
        let mut refused = Vec::new();
        for bit in [libc::S_ISUID, libc::S_ISGID] {
            let bit = u64::from(bit);
            let creating = (flags, SeccompCmpOp::MaskedEq(creates), creates);
            refused.push(rule(&[creating, (flags + 1, SeccompCmpOp::MaskedEq(bit), bit)])?);
        }
        rules.insert(call, refused);
    }
    for (call, argument) in calls {
        let mut refused = Vec::new();
        for bit in [libc::S_ISUID, libc::S_ISGID] {
            let bit = u64::from(bit);
            refused.push(rule(&[(argument, SeccompCmpOp::MaskedEq(bit), bit)])?);
        }
        rules.insert(call, refused);
    }
    Ok(rules)
}

/// Refuses every socket but local ones, and streams of the internet where there are to be any.
fn sockets(internet: bool) -> Result<Vec<SeccompRule>, String> {
    let local = (0, SeccompCmpOp::Ne, number(libc::AF_UNIX));
    if !internet {
        return Ok(vec![rule(&[local])?]);
    }
    let families = [libc::AF_INET, libc::AF_INET6];
    let other = families.map(|family| (0, SeccompCmpOp::Ne, number(family)));
    let mut rules = vec![rule(&[local, other[0].clone(), other[1].clone()])?];
    for family in families {
        for kind in NO_STREAMS {
            let family = (0, SeccompCmpOp::Eq, number(family));
            rules.push(rule(&[family, (1, SeccompCmpOp::MaskedEq(0xf), number(kind))])?);
        }
    }
    Ok(rules)
}

fn number(constant: libc::c_int) -> u64 {
    u64::from(constant.unsigned_abs())
}

fn rule(conditions: &[(u8, SeccompCmpOp, u64)]) -> Result<SeccompRule, String> {
    let made = conditions
        .iter()
        .map(|(argument, how, value)| SeccompCondition::new(*argument, Dword, how.clone(), *value));
    let made: Result<Vec<_>, _> = made.collect();
    made.and_then(SeccompRule::new).map_err(|error| error.to_string())
}

fn program(rules: Rules, errno: libc::c_int) -> Result<BpfProgram, String> {
    let here: TargetArch =
        std::env::consts::ARCH.try_into().map_err(|_| "no filter of system calls here")?;
    let errno = SeccompAction::Errno(errno.unsigned_abs());
    SeccompFilter::new(rules, SeccompAction::Allow, errno, here)
        .and_then(TryInto::try_into)
        .map_err(|error: seccompiler::BackendError| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_filters_compile_with_and_without_the_internet() {
        assert!(!program(unknown(), libc::ENOSYS).unwrap().is_empty());
        for internet in [false, true] {
            assert!(!program(refused(internet).unwrap(), libc::EPERM).unwrap().is_empty());
        }
    }
}
