// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {TrainingAudits} from "solidity/TrainingAudits.sol";
import {Network} from "./Network.sol";

/// @dev A model whose trainings can be audited, and what tests of that do again and again.
abstract contract Audited is Network {
    bytes32 internal pool;
    bytes32 internal model;
    bytes32 internal audit;
    uint256 internal bond;
    /// @dev What an audit takes: the bond, and three runs of each segment.
    uint256 internal whole;
    uint256 internal fee;
    /// @dev Of the first draw.
    bytes32 internal firstSeed;
    uint16 internal constant SEGMENTS = 4;

    function setUp() public override {
        super.setUp();
        pool = newDatanet("rules");
        anchorNext(pool, 1);
        model = newModel(pool, 5000, 2000, 3000);
        audit = audits.idOf(builder, keccak256("job"));
        bond = audits.bond();
        fee = audits.leastFee();
        whole = bond + 3 * SEGMENTS * fee;
        fund(builder, 5 * whole, address(audits));
    }

    function seat(uint256 i) internal returns (address one) {
        one = vm.addr(0xE000 + i);
        staked(one, MIN_STAKE);
        vm.prank(one);
        registry.join(pool);
    }

    function open() internal {
        vm.prank(builder);
        audits.open(model, SEGMENTS, fee);
    }

    function chance() internal {
        vm.roll(block.number + DRAW_BLOCKS + 1);
        audits.draw(audit);
        if (firstSeed == 0) firstSeed = audits.auditOf(audit).seed;
    }

    function say(address who, TrainingAudits.Word word, uint16 runs) internal {
        say(who, word, runs, 0);
    }

    function say(address who, TrainingAudits.Word word, uint16 runs, uint16 missing) internal {
        vm.prank(who);
        audits.say(audit, firstSeed, word, "subject", runs, missing);
    }

    function say(address who, bool agrees) internal {
        say(who, agrees ? TrainingAudits.Word.Agrees : TrainingAudits.Word.Differs, 1);
    }

    function convict(address auditor, bool costs) internal {
        vm.prank(host);
        audits.blame(audit, 1, auditor, costs);
        vm.prank(validator);
        audits.blame(audit, 1, auditor, costs);
    }

    /// @dev Who agreed in a round that is closed while the next is open, before a validator with stake.
    function spokenInTheRoundBefore() internal returns (address one) {
        one = seat(1);
        seat(2);
        open();
        chance();
        say(one, true);
        vm.warp(block.timestamp + AUDIT);
        audits.close(audit);
        open();
        staked(validator, MIN_STAKE);
    }

    function seats(uint256 count) internal returns (address[] memory panel) {
        for (uint256 i = 1; i <= count; i++) seat(i);
        open();
        chance();
        return audits.auditOf(audit).panel;
    }
}
