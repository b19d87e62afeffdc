// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {TrainingAudits} from "solidity/TrainingAudits.sol";
import {Network} from "./Network.sol";

/// @dev Does to the audits of two builders' jobs whatever forge draws, and remembers what ought to be. Calls that the
/// contract refuses are part of it.
contract AuditHandler is Network {
    uint256 private constant SEATS = 11;
    bytes32 private pool;
    address[2] private builders = [builder, worker];
    bytes32[2] public registered;
    bytes32[2] public ids;
    uint256 public burntByRule;
    /// @dev Auditors' and builders' tokens and stakes at the beginning: nobody is given any on the way.
    uint256 public whole;

    constructor() {
        deploy(SUPPLY);
        pool = newDatanet("rules");
        anchorNext(pool, 1);
        staked(validator, MIN_STAKE);
        for (uint256 i = 0; i < SEATS; i++) staked(auditor(i), MIN_STAKE * 3);
        for (uint256 i = 0; i < 2; i++) {
            fund(builders[i], 20_000 ether, address(audits));
            vm.prank(builders[i]);
            registered[i] = models.register(registration(pool, 5000, 2000, 3000));
            ids[i] = audits.idOf(builders[i], keccak256("job"));
        }
        whole = token.totalSupply();
    }

    function auditor(uint256 i) public pure returns (address) {
        return vm.addr(0xE000 + (i % SEATS));
    }

    function pass(uint256 time, uint256 blocks) external {
        vm.warp(block.timestamp + within(time, 1, 2 days));
        vm.roll(block.number + within(blocks, 1, 300));
    }

    function sit(uint256 seed, bool leaves) external {
        vm.prank(auditor(seed));
        if (leaves) registry.giveUp(pool);
        else registry.join(pool);
    }

    function open(uint256 seed, uint16 segments, uint256 fee) external {
        TrainingAudits.Audit memory before = audits.auditOf(ids[seed % 2]);
        bool could = before.open && registry.drawn(pool, 0, before.drawFrom, 1, before.builder).length > 0;
        uint256 least = audits.leastFee();
        vm.prank(builders[seed % 2]);
        audits.open(registered[seed % 2], uint16(within(segments, 0, 18)), within(fee, least - 1, 8 * least));
        if (could) burntByRule += audits.bond();
    }

    function draw(uint256 seed) external {
        vm.roll(block.number + DRAW_BLOCKS + 1);
        audits.draw(ids[seed % 2]);
    }

    /// @dev A whole round up to its words at once, because drawn calls rarely come in that order.
    function speak(uint256 seed, uint256 words) external {
        bytes32 id = ids[seed % 2];
        TrainingAudits.Audit memory a = audits.auditOf(id);
        for (uint256 i = 0; i < a.panel.length; i++) {
            uint256 one = uint256(keccak256(abi.encode(words, i)));
            uint256 runs = (one >> 8) % (uint256(1) << a.segments);
            uint256 kind = one % 6;
            if (kind > 2 || runs == 0) (kind, runs) = (3 + kind % 3, 0);
            uint256 missing = kind == 4 || (one >> 64) % 2 == 0 ? 0 : (one >> 32) % (uint256(1) << a.segments) & ~runs;
            vm.prank(a.panel[i]);
            if (kind < 5) {
                try audits.say(id, a.seed, TrainingAudits.Word(kind), "s", uint16(runs), uint16(missing)) {} catch {}
            }
        }
    }

    function close(uint256 seed) external {
        bytes32 id = ids[seed % 2];
        TrainingAudits.Audit memory a = audits.auditOf(id);
        uint256 had = token.balanceOf(a.builder);
        uint256 held = token.balanceOf(address(audits));
        uint256[] memory pay = audits.payOf(id);
        uint256 supply = token.totalSupply();
        vm.prank(a.builder);
        audits.close(id);
        uint256 paid = 0;
        for (uint256 i = 0; i < pay.length; i++) paid += pay[i];
        uint256 burnt = supply - token.totalSupply();
        uint256 put = audits.bond() + uint256(3) * a.segments * a.fee;
        yes(paid <= put - audits.bond(), "more is paid than was put in for runs");
        yes(burnt <= audits.bond(), "more is burnt than the bond");
        same(token.balanceOf(a.builder) - had, put - paid - burnt, "the rest is its builder's");
        same(held - token.balanceOf(address(audits)), put, "one round's money left");
        burntByRule += burnt;
    }

    function penalise(uint256 seed, uint256 who, uint32 back, bool byRoster, bool costs) external {
        bytes32 id = ids[seed % 2];
        uint32 number = audits.auditOf(id).number;
        if (back % 3 < number) number -= back % 3;
        uint256 supply = token.totalSupply();
        vm.prank(byRoster ? validator : challenger);
        if (byRoster) audits.blame(id, number, auditor(who), costs);
        else audits.penaliseAbsent(id, number, auditor(who));
        burntByRule += supply - token.totalSupply();
        yes(supply - token.totalSupply() <= MIN_STAKE / 10, "a tenth at most for one fault");
    }

    // What the invariants look at

    /// @dev What the open rounds were opened with.
    function owed() external view returns (uint256 sum) {
        for (uint256 i = 0; i < 2; i++) {
            TrainingAudits.Audit memory a = audits.auditOf(ids[i]);
            if (a.open) sum += audits.bond() + uint256(3) * a.segments * a.fee;
        }
    }

    function held() external view returns (uint256) {
        return token.balanceOf(address(audits));
    }

    function everywhere() external view returns (uint256 sum) {
        sum = token.balanceOf(address(audits)) + token.balanceOf(address(registry)) + token.balanceOf(address(this))
            + token.balanceOf(builder) + token.balanceOf(worker) + token.balanceOf(challenger)
            + token.balanceOf(validator);
        for (uint256 i = 0; i < SEATS; i++) sum += token.balanceOf(auditor(i));
    }

    function supply() external view returns (uint256) {
        return token.totalSupply();
    }

    /// @dev Of each round: against is what its words say, but for those that were struck.
    function againstAdds() external view {
        for (uint256 i = 0; i < 2; i++) {
            TrainingAudits.Audit memory a = audits.auditOf(ids[i]);
            uint256 count = 0;
            for (uint256 j = 0; j < a.panel.length; j++) {
                TrainingAudits.Said memory said = audits.wordOf(ids[i], a.number, a.panel[j]);
                bool lacks = said.word == TrainingAudits.Word.NotServed || said.missing != 0;
                bool isAgainst = said.word == TrainingAudits.Word.Differs || (lacks && !said.unheard);
                if (isAgainst && !said.struck) count++;
            }
            same(a.against, count, "words against it");
        }
    }
}
