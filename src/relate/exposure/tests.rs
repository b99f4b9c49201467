use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::inventory::Resource;
use crate::relate::testing::{read, scope};

fn group(rules: &Value) -> Vec<Resource> {
    read(SecurityGroup::TYPE, json!([{ "id": "sg-1", "rules": rules }]))
}

fn rule(id: &str, protocol: &str, ports: [i64; 2], cidr: &str) -> Value {
    json!({ "security_group_rule_id": id, "ip_protocol": protocol,
            "from_port": ports[0], "to_port": ports[1], "cidr": cidr })
}

/// Each opening as `protocol from-to v4 v6 <- sources (rules)`, shares in thousandths.
fn written(resources: Vec<Resource>, complete: &[&str]) -> Vec<String> {
    let (openings, _) = openings(&scope(resources, complete)).remove(0);
    let line = |o: &Opening| {
        format!(
            "{} {}..{} {:.3} {:.3} <- {} ({})",
            o.protocol,
            o.from_port,
            o.to_port,
            o.ipv4_share,
            o.ipv6_share,
            o.sources.join(" "),
            o.rule_ids.join(" ")
        )
    };
    openings.iter().map(line).collect()
}

#[test]
fn two_halves_open_as_much_as_the_whole() {
    let rules = json!([
        rule("a", "tcp", [22, 22], "0.0.0.0/1"),
        rule("b", "tcp", [20, 30], "128.0.0.0/1"),
        rule("c", "tcp", [22, 22], "10.0.0.0/8"),
    ]);
    assert_eq!(
        written(group(&rules), &[]),
        [
            "tcp 20..21 0.435 0.000 <- 128.0.0.0/1 (b)",
            "tcp 22..22 1.000 0.000 <- 0.0.0.0/1 128.0.0.0/1 (a b)",
            "tcp 23..30 0.435 0.000 <- 128.0.0.0/1 (b)",
        ]
    );
}

#[test]
fn adjacent_ports_with_the_same_sources_are_one_opening() {
    let rules = json!([
        rule("a", "tcp", [81, 90], "0.0.0.0/0"),
        rule("b", "tcp", [80, 80], "0.0.0.0/0"),
        rule("c", "tcp", [443, 443], "::/0"),
    ]);
    assert_eq!(
        written(group(&rules), &[]),
        ["tcp 80..90 1.000 0.000 <- 0.0.0.0/0 (a b)", "tcp 443..443 0.000 1.000 <- ::/0 (c)",]
    );
}

#[test]
fn a_rule_for_all_protocols_stands_alone_and_counts_into_the_others() {
    let rules = json!([
        rule("all", "-1", [-1, -1], "128.0.0.0/1"),
        rule("ssh", "6", [22, 22], "0.0.0.0/1"),
        rule("ping", "icmp", [8, 0], "8.8.8.0/24"),
    ]);
    assert_eq!(
        written(group(&rules), &[]),
        [
            "all 0..65535 0.435 0.000 <- 128.0.0.0/1 (all)",
            "icmp -1..-1 0.435 0.000 <- 128.0.0.0/1 8.8.8.0/24 (all ping)",
            "tcp 22..22 1.000 0.000 <- 0.0.0.0/1 128.0.0.0/1 (all ssh)",
        ]
    );
}

#[test]
fn private_sources_egress_and_referenced_groups_open_nothing() {
    let rules = json!([
        rule("a", "-1", [-1, -1], "10.0.0.0/8"),
        { "is_egress": true, "ip_protocol": "-1", "cidr": "0.0.0.0/0" },
        { "ip_protocol": "tcp", "from_port": 22, "to_port": 22, "referenced_group_id": "sg-2" },
    ]);
    assert_eq!(written(group(&rules), &[]), [""; 0]);
}

#[test]
fn a_prefix_list_opens_what_its_entries_say() {
    let rules = json!([
        { "security_group_rule_id": "mine", "ip_protocol": "tcp", "from_port": 22, "to_port": 22, "prefix_list_id": "pl-mine" },
        { "security_group_rule_id": "s3", "ip_protocol": "tcp", "from_port": 443, "to_port": 443, "prefix_list_id": "pl-s3" },
    ]);
    let mut resources = group(&rules);
    resources.extend(read(
        PrefixList::TYPE,
        json!([{ "id": "pl-mine", "entries": ["0.0.0.0/1", "128.0.0.0/1"] }]),
    ));
    assert_eq!(
        written(resources.clone(), &[PrefixList::TYPE]),
        ["tcp 22..22 1.000 0.000 <- pl-mine (mine)"],
        "a list that is not the customer's is a service's own"
    );
    let (_, unread) = openings(&scope(resources, &[])).remove(0);
    assert_eq!(unread, ["pl-mine", "pl-s3"], "unread lists may hold the internet");
}

#[test]
fn an_interface_is_told_by_what_it_serves() {
    let mut resources = read(SecurityGroup::TYPE, json!([{ "id": "sg-1" }, { "id": "sg-unused" }]));
    resources.extend(read(NetworkInterface::TYPE, json!([
        { "id": "eni-lb", "subnet_id": "subnet-pub", "groups": ["sg-1"], "interface_type": "interface",
          "description": "ELB app/web/50dc6c495c0c9188", "instance_owner_id": "amazon-elb", "public_ip": "3.3.3.3" },
        { "id": "eni-in", "subnet_id": "subnet-pub", "groups": ["sg-1"], "interface_type": "network_load_balancer",
          "description": "ELB net/inner/aaaa" },
        { "id": "eni-classic", "subnet_id": "subnet-pub", "groups": ["sg-1"], "requester_id": "amazon-elb",
          "description": "ELB old", "public_ip": "3.3.3.4" },
        { "id": "eni-known", "subnet_id": "subnet-pub", "groups": ["sg-1"], "requester_id": "amazon-elb",
          "description": "ELB known", "public_ip": "3.3.3.5" },
        { "id": "eni-i", "subnet_id": "subnet-priv", "groups": ["sg-1", "sg-2"], "interface_type": "interface", "instance_id": "i-1" },
        { "id": "eni-fn", "subnet_id": "subnet-priv", "groups": ["sg-1"], "interface_type": "lambda", "description": "AWS Lambda VPC ENI-mail" },
        { "id": "eni-bare", "subnet_id": "subnet-lost", "groups": ["sg-1"], "interface_type": "interface", "ipv6_addresses": ["2a05::1"] },
    ])));
    resources.extend(read(
        LoadBalancer::TYPE,
        json!([
            { "metric_dimension": "app/web/50dc6c495c0c9188", "scheme": "internet-facing" },
            { "metric_dimension": "net/inner/aaaa", "scheme": "internal" },
        ]),
    ));
    resources.extend(read(ClassicLoadBalancer::TYPE, json!([{ "name": "known", "scheme": "internal" }])));
    resources.extend(read("AWS::EC2::RouteTable", json!([
        { "subnet_ids": ["subnet-pub"], "routes": [{ "destination": "0.0.0.0/0", "target": "igw-1", "state": "active" }] },
        { "subnet_ids": ["subnet-priv"], "routes": [{ "destination": "0.0.0.0/0", "target": "nat-1", "state": "active" }] },
    ])));
    let network = [NetworkInterface::TYPE, "AWS::EC2::Subnet", "AWS::EC2::RouteTable"];
    let mut all = network.to_vec();
    all.push(LoadBalancer::TYPE);

    let line = |a: &Attachment| {
        format!(
            "{} {} {} public_subnet={} internet_facing={:?}",
            a.network_interface_id, a.kind, a.label, a.public_subnet, a.internet_facing_load_balancer
        )
    };
    let known = attachments(&scope(resources.clone(), &all));
    assert_eq!(
        known[0].as_ref().unwrap().iter().map(line).collect::<Vec<_>>(),
        [
            "eni-lb load_balancer web public_subnet=true internet_facing=Some(true)",
            "eni-in load_balancer inner public_subnet=true internet_facing=Some(false)",
            "eni-classic load_balancer old public_subnet=true internet_facing=Some(true)",
            "eni-known load_balancer known public_subnet=true internet_facing=Some(false)",
            "eni-i instance i-1 public_subnet=false internet_facing=None",
            "eni-fn lambda AWS Lambda VPC ENI-mail public_subnet=false internet_facing=None",
            "eni-bare interface eni-bare public_subnet=true internet_facing=None",
        ]
    );
    assert_eq!(known[1], Some(vec![]), "a group that nothing carries");

    let without_balancers = attachments(&scope(resources.clone(), &network));
    let first = &without_balancers[0].as_ref().unwrap()[0];
    assert_eq!(first.internet_facing_load_balancer, None);
    assert_eq!(attachments(&scope(resources, &all[1..])), [None, None]);
}

const PROTOCOLS: [&str; 3] = ["tcp", "udp", "-1"];
/// Overlapping and disjoint blocks, so that unions matter.
const BLOCKS: [&str; 5] = ["32.0.0.0/3", "64.0.0.0/3", "32.0.0.0/2", "128.0.0.0/3", "32.0.0.0/4"];

proptest! {
    /// Asks port by port, rule by rule.
    #[test]
    fn openings_agree_with_asking_each_port(
        rules in prop::collection::vec((0usize..3, 0i64..12, 0i64..5, 0usize..5), 0..8),
    ) {
        let json: Vec<Value> = rules
            .iter()
            .enumerate()
            .map(|(i, &(p, from, width, s))| rule(&format!("r{i}"), PROTOCOLS[p], [from, from + width], BLOCKS[s]))
            .collect();
        let openings = openings(&scope(group(&Value::Array(json)), &[])).remove(0).0;
        for protocol in ["tcp", "udp", "all"] {
            let mine: Vec<&Opening> = openings.iter().filter(|o| o.protocol == protocol).collect();
            for pair in mine.windows(2) {
                prop_assert!(pair[0].to_port < pair[1].from_port, "sorted and disjoint");
                prop_assert!(pair[0].to_port + 1 < pair[1].from_port || pair[0].sources != pair[1].sources, "merged");
            }
            for port in 0..20 {
                let hits = |&&(p, from, width, _): &&(usize, i64, i64, usize)| {
                    PROTOCOLS[p] == "-1" || (PROTOCOLS[p] == protocol && from <= port && port <= from + width)
                };
                let own = |&&(p, ..): &&(usize, i64, i64, usize)| PROTOCOLS[p] == protocol || protocol == "all";
                let letting_in: Vec<_> = rules.iter().filter(hits).collect();
                let expected = letting_in.iter().any(|r| own(r) && (protocol != "all" || PROTOCOLS[r.0] == "-1"));
                let found = mine.iter().find(|o| o.from_port <= port && port <= o.to_port);
                prop_assert_eq!(found.is_some(), expected, "{} {}", protocol, port);
                if let Some(opening) = found {
                    let blocks: Vec<IpNet> = letting_in
                        .iter()
                        .filter(|r| protocol != "all" || PROTOCOLS[r.0] == "-1")
                        .map(|r| BLOCKS[r.3].parse().unwrap())
                        .collect();
                    prop_assert_eq!(opening.ipv4_share.to_bits(), share(&blocks).ipv4.to_bits());
                }
            }
        }
    }
}
