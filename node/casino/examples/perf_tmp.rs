use bitcraps_casino::*;
use bitcraps_tables::*;
use bitcraps_types::*;
use std::time::Instant;
struct P(u8);
struct V;
impl Sign for P {
    fn public_key(&self) -> PublicKey {
        PublicKey([self.0; 32])
    }
    fn sign(&self, _: &[u8]) -> Signature {
        Signature([0; 64])
    }
}
impl Verify for V {
    fn verify(&self, _: &PublicKey, _: &[u8], _: &Signature) -> bool {
        true
    }
}
fn main() {
    let g = Genesis {
        name: "x".into(),
        validators: vec![],
        players: (1..=60).map(|n| (P(n).public_key(), 1_000_000)).collect(),
        bank: 1_000_000_000,
        tables: (0..20).map(|i| TableConfig { id: TableId(i), rules: CrapsRules::default() }).collect(),
    };
    let chain = g.chain_id();
    let mut c = Casino::genesis(&g).unwrap();
    let mk = |h, commands| Block {
        height: h,
        parent: Digest::ZERO,
        proposer: ValidatorIndex(0),
        time: WallTime(0),
        state_root: Digest::ZERO,
        commands,
        offences: vec![],
    };
    let n = 200_000u64;
    let b = mk(1, vec![]);
    let t = Instant::now();
    for _ in 0..n {
        std::hint::black_box(c.apply(&b, &Digest::ZERO, &chain, &V));
    }
    println!("empty {:?}", t.elapsed() / n as u32);
    for (name, bet) in [("any seven", craps::Bet::AnySeven)] {
        let t = Instant::now();
        let n = 20_000u64;
        for i in 1..=n {
            let p = P((i % 60) as u8 + 1);
            let cmd = SignedCommand::sign(
                &chain,
                Command {
                    key: p.public_key(),
                    sequence: i,
                    action: Action::Bet { table: TableId((i % 20) as u32), bet: Bet::Craps(bet), stake: 1 },
                },
                &p,
            );
            let b = mk(i, vec![cmd]);
            c.apply(&b, &Digest::of("b", &i.to_le_bytes()), &chain, &V);
        }
        println!("{name} 1/block {:?}", t.elapsed() / n as u32);
    }
    let t = Instant::now();
    let blocks = 200u64;
    let per = 100u64;
    let mut s = 1_000_000;
    for i in 1..=blocks {
        let mut cs = vec![];
        for _ in 0..per {
            s += 1;
            let p = P((s % 60) as u8 + 1);
            cs.push(SignedCommand::sign(
                &chain,
                Command {
                    key: p.public_key(),
                    sequence: s,
                    action: Action::Bet {
                        table: TableId((s % 20) as u32),
                        bet: Bet::Craps(craps::Bet::Field),
                        stake: 1,
                    },
                },
                &p,
            ));
        }
        c.apply(&mk(i, cs), &Digest::of("b", &i.to_le_bytes()), &chain, &V);
    }
    println!("100/block: per bet {:?}", t.elapsed() / (blocks * per) as u32);
    println!("clone");
    let t = Instant::now();
    for _ in 0..10000 {
        std::hint::black_box(c.clone());
    }
    println!("clone {:?}", t.elapsed() / 10000);
    println!("snapshot {} bytes", c.encode_snapshot().len());
}
