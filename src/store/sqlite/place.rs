//! Where a store lies: on which machine, on what kind of file system.

use std::fs;
use std::path::Path;

use crate::store::rows::checksum;

/// File systems on which locks and the shared memory of the write-ahead log cannot be trusted.
/// Source: SQLite's documentation of WAL: all processes must be on one host.
const SHARED: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "afs",
    "ceph",
    "glusterfs",
    "lustre",
    "gpfs",
    "beegfs",
    "ocfs2",
    "gfs2",
    "davfs",
    "fuse.sshfs",
    "fuse.glusterfs",
    "fuse.ceph",
    "fuse.s3fs",
    "fuse.rclone",
    "fuse.davfs",
    "fuse.gcsfuse",
    "fuse.mount-s3",
];

/// The network file system that a path lies on, if it is one and this machine can tell.
pub(super) fn shared_by(path: &Path) -> Option<String> {
    let table = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    // The store may not exist yet, nor its folder.
    let real = folder.ancestors().find_map(|f| fs::canonicalize(f).ok())?;
    let kind = kind_of(&table, &real)?;
    SHARED.contains(&kind.as_str()).then_some(kind)
}

/// Kind of the file system that a path lies on, by Linux's table of mounts. Source: proc(5).
fn kind_of(table: &str, path: &Path) -> Option<String> {
    let mut best: Option<(usize, &str)> = None;
    for line in table.lines() {
        let mut halves = line.split(" - ");
        let (Some(left), Some(right)) = (halves.next(), halves.next()) else { continue };
        let (Some(point), Some(kind)) = (left.split(' ').nth(4), right.split(' ').next()) else { continue };
        let point = point.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\");
        // Later mounts hide earlier ones at the same point.
        if path.starts_with(&point) && best.is_none_or(|(length, _)| point.len() >= length) {
            best = Some((point.len(), kind));
        }
    }
    best.map(|(_, kind)| kind.to_owned())
}

/// A name for this machine that tells nothing else about it; `None` where there is none.
pub(super) fn machine() -> Option<String> {
    let id =
        ["/etc/machine-id", "/var/lib/dbus/machine-id"].iter().find_map(|f| fs::read_to_string(f).ok())?;
    let id = id.trim();
    (!id.is_empty()).then(|| checksum(&["machine", id])[..16].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_and_latest_mount_decides() {
        let table = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
                     30 22 0:40 / /home rw,relatime shared:5 - nfs4 server:/home rw\n\
                     31 30 8:2 / /home/me/local\\040disk rw - xfs /dev/sdb1 rw\n\
                     32 22 0:41 / /mnt rw - ext4 /dev/sdc rw\n\
                     33 22 0:42 / /mnt rw - fuse.sshfs host:/ rw\n";
        let kind = |path: &str| kind_of(table, Path::new(path)).unwrap();
        assert_eq!(kind("/var/lib"), "ext4");
        assert_eq!(kind("/home/me"), "nfs4");
        assert_eq!(kind("/homestead"), "ext4", "a name that only begins alike is another folder");
        assert_eq!(kind("/home/me/local disk/x"), "xfs");
        assert_eq!(kind("/mnt/x"), "fuse.sshfs");
        assert_eq!(kind_of("", Path::new("/")), None);
        assert!(SHARED.contains(&"nfs4") && !SHARED.contains(&"ext4"));
    }
}
