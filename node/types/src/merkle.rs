//! A binary Merkle root with separated leaves and nodes (the tree of RFC 6962, section 2.1, over BLAKE3).

use crate::Digest;
use crate::digest::DomainHasher;

/// The root over `leaves` in order. No leaves: [`Digest::ZERO`].
pub fn merkle_root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::ZERO,
        [leaf] => hash("merkle/leaf", &[leaf]),
        _ => {
            let split = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(split);
            hash("merkle/node", &[&merkle_root(left), &merkle_root(right)])
        }
    }
}

fn hash(domain: &str, parts: &[&Digest]) -> Digest {
    let mut hasher = DomainHasher::new(domain);
    parts.iter().for_each(|part| hasher.update(&part.0));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_count_and_content_of_the_leaves_change_the_root() {
        let leaf = |n: u8| Digest([n; 32]);
        let roots = [
            merkle_root(&[]),
            merkle_root(&[leaf(1)]),
            merkle_root(&[leaf(1), leaf(2)]),
            merkle_root(&[leaf(2), leaf(1)]),
            merkle_root(&[leaf(1), leaf(2), leaf(3)]),
            merkle_root(&[leaf(1), leaf(2), leaf(2)]),
            merkle_root(&[merkle_root(&[leaf(1), leaf(2)]), leaf(3)]),
        ];
        for (i, a) in roots.iter().enumerate() {
            for b in &roots[i + 1..] {
                assert_ne!(a, b);
            }
        }
    }
}
