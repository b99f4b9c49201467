//! How much of the public internet a set of CIDR blocks covers.
//!
//! Public IPv4 is everything but the private, reserved and special blocks;
//! public IPv6 is global unicast, 2000::/3, but for its documentation block.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// A share of the public space, 0 to 1 in each address family.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Share {
    pub(super) ipv4: f64,
    pub(super) ipv6: f64,
}

impl Share {
    pub(super) fn is_none(self) -> bool {
        self.ipv4 <= 0.0 && self.ipv6 <= 0.0
    }
}

/// The share that the union of the blocks covers.
pub(super) fn share(blocks: &[IpNet]) -> Share {
    let disjoint = IpNet::aggregate(&blocks.iter().map(IpNet::trunc).collect());
    Share { ipv4: IPV4.share(&disjoint), ipv6: IPV6.share(&disjoint) }
}

/// An address family's space, with disjoint blocks of it that are not public.
struct Space {
    whole: IpNet,
    reserved: &'static [IpNet],
}

impl Space {
    fn share(&self, disjoint: &[IpNet]) -> f64 {
        let covered: u128 = disjoint.iter().map(|&block| self.public_part(block)).sum();
        ratio(covered, self.public_part(self.whole))
    }

    fn public_part(&self, block: IpNet) -> u128 {
        let reserved: u128 = self.reserved.iter().map(|&r| overlap(block, r)).sum();
        overlap(block, self.whole) - reserved
    }
}

/// Addresses in both: two CIDR blocks are nested or disjoint.
fn overlap(a: IpNet, b: IpNet) -> u128 {
    let inner = if a.contains(&b) {
        b
    } else if b.contains(&a) {
        a
    } else {
        return 0;
    };
    // One of the two is never wider than 2000::/3, so the shift stays below 128.
    1 << (inner.max_prefix_len() - inner.prefix_len())
}

#[allow(clippy::cast_precision_loss, reason = "a share needs no more than 52 bits; 1 stays exactly 1")]
fn ratio(part: u128, whole: u128) -> f64 {
    part as f64 / whole as f64
}

const fn v4(a: u8, b: u8, c: u8, prefix_len: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), prefix_len))
}

const fn v6(a: u16, b: u16, prefix_len: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix_len))
}

const IPV4: Space = Space {
    whole: v4(0, 0, 0, 0),
    reserved: &[
        v4(0, 0, 0, 8),
        v4(10, 0, 0, 8),
        v4(100, 64, 0, 10),
        v4(127, 0, 0, 8),
        v4(169, 254, 0, 16),
        v4(172, 16, 0, 12),
        v4(192, 0, 0, 24),
        v4(192, 0, 2, 24),
        v4(192, 168, 0, 16),
        v4(198, 18, 0, 15),
        v4(198, 51, 100, 24),
        v4(203, 0, 113, 24),
        v4(224, 0, 0, 4),
        v4(240, 0, 0, 4),
    ],
};

const IPV6: Space = Space { whole: v6(0x2000, 0, 3), reserved: &[v6(0x2001, 0xdb8, 32)] };

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(blocks: &[&str]) -> Share {
        share(&blocks.iter().map(|b| b.parse().unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn the_whole_space_is_exactly_one_however_it_is_written() {
        for blocks in [
            &["0.0.0.0/0"][..],
            &["0.0.0.0/1", "128.0.0.0/1"],
            &["0.0.0.0/0", "8.8.8.8/32", "0.0.0.0/0"],
            &["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/2"],
        ] {
            assert_eq!(of(blocks), Share { ipv4: 1.0, ipv6: 0.0 }, "{blocks:?}");
        }
        for blocks in [&["::/0"][..], &["2000::/3"], &["::/1", "8000::/1"]] {
            assert_eq!(of(blocks), Share { ipv4: 0.0, ipv6: 1.0 }, "{blocks:?}");
        }
    }

    #[test]
    fn every_public_block_but_no_reserved_one_is_the_whole_space() {
        let reserved = IPV4.reserved;
        let mut rest = vec![IPV4.whole];
        while let Some(i) = rest.iter().position(|b| reserved.iter().any(|r| overlap(*b, *r) > 0)) {
            let block = rest.swap_remove(i);
            if reserved.iter().any(|r| r.contains(&block)) {
                continue;
            }
            rest.extend(block.subnets(block.prefix_len() + 1).unwrap());
        }
        assert_eq!(share(&rest), Share { ipv4: 1.0, ipv6: 0.0 });
    }

    #[test]
    fn private_and_documentation_blocks_are_no_share() {
        let private = [
            "10.0.0.0/8",
            "192.168.1.7/32",
            "172.31.0.0/16",
            "100.127.0.0/16",
            "fc00::/7",
            "fe80::/10",
            "2001:db8:1::/48",
        ];
        assert!(of(&private).is_none());
    }

    #[test]
    fn a_small_public_block_is_a_small_share() {
        let small = of(&["8.8.8.8/29", "2a00:1450::/128"]);
        assert!(small.ipv4 > 0.0 && small.ipv4 < 1e-8);
        assert!(small.ipv6 > 0.0 && small.ipv6 < 1e-30);
    }

    fn is_reserved(address: Ipv4Addr) -> bool {
        address.is_private()
            || address.is_documentation()
            || matches!(address.octets(), [100, 64..=127, ..] | [192, 0, 0, _])
    }

    proptest! {
        /// Windows of 4096 addresses at the edges of reserved blocks, counted one by one.
        #[test]
        fn the_union_counts_each_public_address_once(
            window in prop::sample::select(vec![
                [192, 0, 0, 0], [100, 127, 240, 0], [100, 128, 0, 0], [172, 31, 240, 0],
                [172, 15, 240, 0], [198, 51, 96, 0], [203, 0, 112, 0], [8, 8, 0, 0], [10, 0, 0, 0],
            ]),
            blocks in prop::collection::vec((0u32..4096, 20u8..=32), 0..12),
        ) {
            let base = u32::from(Ipv4Addr::from(window));
            let nets: Vec<Ipv4Net> = blocks
                .iter()
                .map(|&(offset, len)| Ipv4Net::new(Ipv4Addr::from(base + offset), len).unwrap())
                .collect();
            let counted = (base..base + 4096)
                .map(Ipv4Addr::from)
                .filter(|a| !is_reserved(*a) && nets.iter().any(|n| n.contains(a)))
                .count();
            let nets: Vec<IpNet> = nets.into_iter().map(IpNet::V4).collect();
            let whole = IPV4.public_part(IPV4.whole);
            prop_assert_eq!(share(&nets), Share { ipv4: ratio(counted as u128, whole), ipv6: 0.0 });
        }
    }
}
