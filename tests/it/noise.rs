//! Noise at the command line.

use super::world::{World, circuit};

#[test]
fn noise_from_files_and_devices_reaches_the_counts() {
    let world = World::new();
    let folder = world.home().with_extension("noise");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("lab.toml");
    let path = file.to_str().unwrap();
    let flipped = "[[readout]]\nqubits = [0]\none_of_zero = 1.0\nzero_of_one = 1.0\n";
    std::fs::write(&file, flipped).unwrap();
    let bell = circuit("bell.qasm");
    let result = world.json(&["run", &bell, "--shots", "500", "--seed", "3", "--noise", path, "--json"], 0);
    let counts = result["counts"].as_object().unwrap();
    assert!(counts.keys().all(|k| k == "01" || k == "10"), "{counts:?}");
    assert_eq!(result["engine"], "density-matrix");
    let reason = result["engine_reason"].as_str().unwrap();
    assert!(reason.starts_with("2 qubits, 500 shots: cheaper than"), "{reason}");

    let device = ["run", &bell, "--shots", "20000", "--noise-from", "garnet", "--explain", "--json"];
    let result = world.json(&device, 0);
    let wrong: u64 = ["01", "10"].iter().filter_map(|k| result["counts"][k].as_u64()).sum();
    // About 6 %: two readings at 3 %; the bounds are more than ten standard deviations away.
    assert!((800..1600).contains(&wrong), "{wrong}");
    let said = world.run(&device);
    let text = String::from_utf8_lossy(&said.stderr);
    assert!(text.contains("noise of garnet") && text.contains("trajectories"), "{text}");

    std::fs::write(&file, "[[gate]]\nchannel = \"bit_flip\"\np = [0.7]\n").unwrap();
    let refused = world.run(&["run", &bell, "--noise", path]);
    assert_ne!(refused.status.code(), Some(0));
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(text.contains("gate rule 1: bit_flip must be from 0 to 0.5, found 0.7"), "{text}");
    assert_ne!(world.run(&["run", &bell, "--noise-from", "sv1"]).status.code(), Some(0));
}
