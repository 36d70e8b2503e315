//! The real chain, where it lies beside the repository: six digests that AWS signed in 2021.
//!
//! Its logs are not there, so that they are missing; each digest is verified.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cloudtrail::world::World;
use stele_verify::cloudtrail::SIDECAR;
use stele_verify::cloudtrail::{Anchors, Input, Judgement, Kind, Options, PublicKeys, verify};

fn chain() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("STELE_CORPUS").map_or(beside, PathBuf::from);
    let folder = root.join("open/cloudtrail_digest/chain");
    if !folder.is_dir() {
        eprintln!("skipped: the real chain: there is no corpus at {}", folder.display());
        return None;
    }
    Some(folder)
}

fn world(folder: &Path) -> World {
    let notes = std::fs::read(folder.join("metadata.json")).unwrap();
    let notes: Value = serde_json::from_slice(&notes).unwrap();
    let key =
        json!({ "Value": notes["publicKeyPkcs1DerBase64"], "Fingerprint": notes["fingerprint"] });
    let mut world = World { keys: json!([key]).to_string(), ..World::default() };
    for object in notes["objects"].as_array().unwrap() {
        let key = object["key"].as_str().unwrap();
        let file = folder.join(key.rsplit('/').next().unwrap());
        world.set(key, std::fs::read(file).unwrap());
        world.set(&format!("{key}{SIDECAR}"), object.to_string().into_bytes());
    }
    world
}

fn judged(world: &World) -> Vec<(Judgement, Vec<Kind>)> {
    let (keys, anchors) = (PublicKeys::parse(&world.keys).unwrap(), Anchors::default());
    let input = Input { objects: world, keys: &keys, metadata: &world.metadata, anchors: &anchors };
    let mut judged = Vec::new();
    verify(input, &Options::default(), &mut |verdict| {
        if verdict.key.contains("CloudTrail-Digest") {
            judged.push((verdict.verdict, verdict.kinds.clone()));
        } else {
            assert!(verdict.kinds.is_empty() || verdict.kinds == [Kind::LogMissing]);
        }
    })
    .unwrap();
    judged
}

#[test]
fn the_real_chain_is_verified() {
    let Some(folder) = chain() else { return };
    let mut world = world(&folder);
    assert_eq!(judged(&world), vec![(Judgement::Verified, vec![]); 6]);
    // The successors' word is enough for all but the newest.
    let newest = world.digests("us-west-1").pop().unwrap();
    world.objects.retain(|(_, key), _| !key.ends_with(SIDECAR) || key.contains(&newest));
    assert_eq!(judged(&world), vec![(Judgement::Verified, vec![]); 6]);
    world.objects.retain(|(_, key), _| !key.ends_with(SIDECAR));
    let unjudged = (Judgement::Unjudged, vec![Kind::SignatureMissing]);
    assert_eq!(judged(&world)[0], unjudged);
    assert_eq!(judged(&world)[1..], vec![(Judgement::Verified, vec![]); 5]);
}

#[test]
fn one_changed_digest_of_the_real_chain_is_found() {
    let Some(folder) = chain() else { return };
    for place in 0..6 {
        let mut world = world(&folder);
        let key = world.digests("us-west-1")[place].clone();
        world.edit(&key, |digest| digest["newestEventTime"] = json!("2021-07-29T17:00:00Z"));
        let wrong: Vec<_> = judged(&world)
            .into_iter()
            .filter(|(verdict, _)| *verdict == Judgement::Failed)
            .collect();
        assert_eq!(wrong.len(), 1, "{key}: {wrong:?}");
        assert!(wrong[0].1.contains(&Kind::DigestSignature));
    }
}
