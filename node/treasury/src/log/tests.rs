use super::*;
use proptest::prelude::*;

/// The leaves of Certificate Transparency's own tests (merkletree/merkle_tree_test.cc), which its implementations share.
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

/// The roots of the trees of the first 1 to 8 of them, from the same place.
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn digest(text: &str) -> Digest {
    Digest(hex(text).try_into().unwrap())
}

fn leaves(count: usize) -> Vec<Digest> {
    LEAVES[..count].iter().map(|leaf| leaf_hash(&hex(leaf))).collect()
}

/// The definition, section 2.1.1.
fn by_definition(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest(Sha256::digest([]).into()),
        [leaf] => *leaf,
        _ => {
            let half = leaves.len().next_power_of_two() / 2;
            node(&by_definition(&leaves[..half]), &by_definition(&leaves[half..]))
        }
    }
}

#[test]
fn the_roots_are_those_of_certificate_transparency() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(Log::default().root(), digest(empty));
    let mut log = Log::default();
    for (i, root) in ROOTS.iter().enumerate() {
        log.append(leaf_hash(&hex(LEAVES[i])));
        assert_eq!(log.root(), digest(root), "{} leaves", i + 1);
        assert_eq!(log.size(), i as u64 + 1);
    }
}

/// From the same tests: the proof's hashes for a leaf, counted from 1 there, of a tree.
#[test]
fn the_inclusion_proofs_are_those_of_certificate_transparency() {
    let path = |index: usize, size| inclusion_proof(&leaves(size), index - 1).unwrap();
    assert_eq!(path(1, 1), []);
    let first_of_eight = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ];
    assert_eq!(path(1, 8), first_of_eight.map(digest));
    let sixth_of_eight = [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    assert_eq!(path(6, 8), sixth_of_eight.map(digest));
    assert_eq!(path(3, 3), [digest("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")]);
}

#[test]
fn the_consistency_proofs_are_those_of_certificate_transparency() {
    let proof = |old, new| consistency_proof(&leaves(new), old).unwrap();
    assert_eq!(proof(1, 1), []);
    let from_one_to_eight = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ];
    assert_eq!(proof(1, 8), from_one_to_eight.map(digest));
    let from_six_to_eight = [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    assert_eq!(proof(6, 8), from_six_to_eight.map(digest));
    let from_two_to_five = [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ];
    assert_eq!(proof(2, 5), from_two_to_five.map(digest));
}

fn any_leaves(most: usize) -> impl Strategy<Value = Vec<Digest>> {
    prop::collection::vec(any::<[u8; 8]>().prop_map(|bytes| leaf_hash(&bytes)), 1..most)
}

/// A proof, and how to spoil it: the hash to change, to lose, or after which to add one.
fn spoilt(proof: &[Digest], kind: u8, at: usize) -> Vec<Digest> {
    let mut proof = proof.to_vec();
    match kind {
        0 if !proof.is_empty() => {
            let at = at % proof.len();
            proof[at].0[at % 32] ^= 1;
        }
        1 if !proof.is_empty() => _ = proof.remove(at % proof.len()),
        _ => proof.insert(at % (proof.len() + 1), Digest([7; 32])),
    }
    proof
}

proptest! {
    #[test]
    fn the_appended_root_is_the_defined_one(leaves in any_leaves(70)) {
        prop_assert_eq!(root_of(&leaves), by_definition(&leaves));
    }

    #[test]
    fn a_leaf_is_proven_where_it_is_and_nowhere_else(
        leaves in any_leaves(40), at in any::<prop::sample::Index>(), other in 0..41u64, kind in 0..3u8,
    ) {
        let (index, size, root) = (at.index(leaves.len()), leaves.len() as u64, root_of(&leaves));
        let proof = inclusion_proof(&leaves, index).unwrap();
        let (leaf, index) = (leaves[index], index as u64);
        prop_assert!(verify_inclusion(&leaf, index, size, &proof, &root));
        if other != index {
            prop_assert!(!verify_inclusion(&leaf, other, size, &proof, &root));
        }
        prop_assert!(!verify_inclusion(&leaf_hash(b"another"), index, size, &proof, &root));
        prop_assert!(!verify_inclusion(&leaf, index, size, &spoilt(&proof, kind, at.index(64)), &root));
        prop_assert!(!verify_inclusion(&leaf, size, size, &proof, &root));
    }

    #[test]
    fn growth_is_proven_and_a_rewritten_past_is_not(
        leaves in any_leaves(40), old in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), kind in 0..3u8,
    ) {
        let old = 1 + old.index(leaves.len());
        let (new, root) = (leaves.len() as u64, root_of(&leaves));
        let proof = consistency_proof(&leaves, old).unwrap();
        let old_root = root_of(&leaves[..old]);
        prop_assert!(verify_consistency((old as u64, &old_root), (new, &root), &proof));
        let mut rewritten = leaves[..old].to_vec();
        rewritten[at.index(old)] = leaf_hash(b"another");
        prop_assert!(!verify_consistency((old as u64, &root_of(&rewritten)), (new, &root), &proof));
        let spoilt = spoilt(&proof, kind, at.index(64));
        prop_assert!(!verify_consistency((old as u64, &old_root), (new, &root), &spoilt));
    }

    #[test]
    fn proofs_of_any_shape_do_no_harm(
        numbers in any::<(u64, u64)>(), proof in prop::collection::vec(any::<[u8; 32]>().prop_map(Digest), 0..70),
    ) {
        let root = Digest([1; 32]);
        prop_assert!(!verify_inclusion(&root, numbers.0, numbers.1, &proof, &Digest([2; 32])));
        prop_assert!(!verify_consistency((numbers.0, &root), (numbers.1, &Digest([2; 32])), &proof));
    }
}

#[test]
fn an_inner_node_is_shown_as_no_leaf() {
    let (leaves, root) = (leaves(8), root_of(&leaves(8)));
    assert!(!verify_inclusion(&root, 0, 8, &[], &root));
    let (left, right) = (root_of(&leaves[..4]), root_of(&leaves[4..]));
    assert!(!verify_inclusion(&left, 0, 8, &[right], &root));
    assert!(verify_inclusion(&left, 0, 2, &[right], &root), "of a tree of two leaves it is one");
    assert!(!verify_consistency((4, &left), (16, &root), &[right]));
}

#[test]
fn what_is_not_there_has_no_proof() {
    assert_eq!(inclusion_proof(&leaves(3), 3), None);
    assert_eq!(consistency_proof(&leaves(3), 0), None);
    assert_eq!(consistency_proof(&leaves(3), 4), None);
    let (empty, root) = (root_of(&[]), root_of(&leaves(3)));
    assert!(verify_consistency((0, &empty), (3, &root), &[]));
    assert!(!verify_consistency((0, &root), (3, &root), &[]));
    assert!(!verify_consistency((3, &root), (0, &empty), &[]));
}
