// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AttributionAnchor} from "solidity/AttributionAnchor.sol";
import {Blame} from "solidity/Blame.sol";
import {NodeRegistry} from "solidity/NodeRegistry.sol";
import {Rounds} from "solidity/Rounds.sol";
import {Epochs} from "./Epochs.sol";

/// @dev The first step of an epoch: receipts before chance, chance before words, words before payouts.
contract RoundsTest is Epochs {
    AttributionAnchor.Proposal private plan;
    bytes32 private drawnBy;

    function begin() private {
        plan = AttributionAnchor.Proposal(pool, 1, "receipts", 7, 2, 0, 0, "bundle");
        vm.prank(settler);
        anchor.anchorReceipts(anchoring(plan));
    }

    function scorer(uint256 i) private returns (address one) {
        one = vm.addr(0xD000 + i);
        staked(one, MIN_STAKE);
        vm.prank(one);
        registry.join(pool);
    }

    function chance() private {
        vm.roll(block.number + DRAW_BLOCKS + 1);
        anchor.draw(pool, 1);
        drawnBy = anchor.roundOf(pool, 1).seed;
    }

    function commitAs(address who, bytes32 word) private {
        vm.prank(who);
        anchor.commit(pool, 1, drawnBy, word);
    }

    function refusedToPropose(bytes4 why) private {
        AttributionAnchor.Proposal memory p = plan;
        vm.expectPartialRevert(why);
        vm.prank(settler);
        anchor.propose(p);
    }

    function testPayoutsComeAfterReceiptsChanceAndWords() public {
        address one = scorer(1);
        address two = scorer(2);
        plan = AttributionAnchor.Proposal(pool, 1, "receipts", 7, 2, 0, 0, "bundle");
        refusedToPropose(Rounds.NotAnchored.selector);
        begin();
        refusedToPropose(Rounds.NotDrawn.selector);
        vm.expectPartialRevert(Rounds.NotOnThePanel.selector);
        commitAs(one, "early");
        vm.expectPartialRevert(Rounds.NoDrawNow.selector);
        anchor.draw(pool, 1); // its block is yet to come
        chance();
        vm.expectPartialRevert(Rounds.AlreadyDrawn.selector);
        anchor.draw(pool, 1);
        refusedToPropose(Rounds.RevealOpen.selector);
        vm.expectPartialRevert(Rounds.NotOnThePanel.selector);
        commitAs(stranger, "no seat");
        commitAs(one, "words");
        vm.expectPartialRevert(Rounds.AlreadyCommitted.selector);
        commitAs(one, "other words");
        same(uint256(anchor.roundOf(pool, 1).commitEnds), block.timestamp + COMMIT, "the others have time");
        commitAs(two, "words too");
        same(uint256(anchor.roundOf(pool, 1).commitEnds), block.timestamp, "all have: nothing to wait for");
        refusedToPropose(Rounds.RevealOpen.selector);
        vm.warp(block.timestamp + REVEAL);
        plan.receiptsRoot = "others";
        refusedToPropose(Rounds.OtherReceipts.selector);
        plan.receiptsRoot = "receipts";
        AttributionAnchor.Proposal memory p = plan;
        vm.expectPartialRevert(Rounds.NotItsSettler.selector);
        vm.prank(host);
        anchor.propose(p);
        vm.prank(settler);
        anchor.propose(p);
        same(token.balanceOf(settler), 2 * BOND, "one bond for both steps");
        same(registry.lockedOf(settler), MIN_STAKE, "and one stake");
    }

    function testACommitmentIsToWordsOnTheDrawThatItNames() public {
        address one = scorer(1);
        scorer(2);
        begin();
        uint256 snapshot = vm.snapshotState();
        chance();
        bytes32 gone = drawnBy;
        vm.revertToState(snapshot);
        // The chain has reorganised: another hash draws, under the same number.
        vm.roll(block.number + DRAW_BLOCKS + 1);
        vm.setBlockhash(anchor.roundOf(pool, 1).drawFrom, keccak256("another block"));
        anchor.draw(pool, 1);
        yes(anchor.roundOf(pool, 1).seed != gone, "another draw");
        drawnBy = gone;
        vm.expectPartialRevert(Rounds.AnotherRound.selector);
        commitAs(one, "words on another draw");
        drawnBy = anchor.roundOf(pool, 1).seed;
        commitAs(one, "words");
    }

    function testAPanelIsDrawnOfTheScorersAndEachIsOnItOnce(uint8 count) public {
        count = uint8(within(count, 0, 20));
        for (uint256 i = 0; i < count; i++) scorer(i);
        begin();
        chance();
        address[] memory panel = anchor.roundOf(pool, 1).panel;
        same(panel.length, count < 9 ? count : 9, "as many as there are, nine at most");
        for (uint256 i = 0; i < panel.length; i++) {
            yes(registry.seatOf(pool, panel[i]) != 0, "seated");
            for (uint256 j = 0; j < i; j++) yes(panel[i] != panel[j], "once");
        }
    }

    function testNoSeatThatIsTakenOnceTheHashIsKnownChangesWhoIsDrawn(uint8 count, uint8 leaving) public {
        count = uint8(within(count, 1, 20));
        for (uint256 i = 0; i < count; i++) scorer(i);
        begin();
        vm.roll(block.number + DRAW_BLOCKS + 1);
        uint256 snapshot = vm.snapshotState();
        anchor.draw(pool, 1);
        address[] memory due = anchor.roundOf(pool, 1).panel;
        vm.revertToState(snapshot);
        address left = vm.addr(0xD000 + within(leaving, 0, count - 1));
        vm.prank(left);
        registry.giveUp(pool);
        vm.prank(left);
        registry.join(pool);
        for (uint256 i = 20; i < 30; i++) scorer(i);
        anchor.draw(pool, 1);
        address[] memory panel = anchor.roundOf(pool, 1).panel;
        // Who gives its own up is not drawn; all others that were are.
        uint256 at = 0;
        for (uint256 i = 0; i < due.length; i++) {
            if (due[i] != left) same(uint160(panel[at++]), uint160(due[i]), "drawn all the same");
        }
        for (uint256 i = 0; i < panel.length; i++) {
            yes(registry.seatedIn(pool, panel[i]) <= block.number - DRAW_BLOCKS - 1, "sat before");
        }
    }

    function testADrawThatNobodyFixesCostsABondAndIsDrawnAnew() public {
        begin();
        vm.roll(block.number + DRAW_BLOCKS + 256);
        Rounds.Anchoring memory again = anchoring(plan);
        vm.expectPartialRevert(Rounds.AlreadyAnchored.selector);
        vm.prank(settler);
        anchor.anchorReceipts(again);
        vm.roll(block.number + 1);
        vm.expectPartialRevert(Rounds.NoDrawNow.selector);
        anchor.draw(pool, 1); // the chain has forgotten the block
        fund(host, BOND, address(anchor));
        vm.prank(host);
        anchor.anchorReceipts(again);
        same(token.totalSupply(), SUPPLY - BOND, "burnt");
        same(registry.lockedOf(settler), 0, "free again");
        same(registry.lockedOf(host), MIN_STAKE, "another answers now");
        chance();
        vm.prank(host);
        anchor.propose(plan);
    }

    function testReceiptsWithoutPayoutsCostABond() public {
        begin();
        chance();
        Rounds.Anchoring memory again = anchoring(plan);
        vm.warp(block.timestamp + CHALLENGE - 1);
        vm.expectPartialRevert(Rounds.AlreadyAnchored.selector);
        vm.prank(settler);
        anchor.anchorReceipts(again);
        vm.warp(block.timestamp + 1);
        vm.prank(settler);
        anchor.anchorReceipts(again);
        same(token.totalSupply(), SUPPLY - BOND, "burnt");
        same(registry.lockedOf(settler), MIN_STAKE, "for the new ones");
    }

    function testAfterAVetoTheSameDrawStandsForWhoeverProposesRightly() public {
        begin();
        chance();
        bytes32 seed = anchor.roundOf(pool, 1).seed;
        vm.prank(settler);
        anchor.propose(plan);
        vm.prank(validator);
        anchor.veto(pool, 1, 1);
        vm.roll(block.number + 1);
        fund(host, BOND, address(anchor));
        vm.prank(host);
        anchor.propose(plan);
        same(anchor.roundOf(pool, 1).seed, seed, "the same draw");
        same(anchor.epochOf(pool, 1).bond, BOND, "another bond");
    }

    function testWhoIsAbsentLosesATenthAndItsSeat() public {
        address one = scorer(1);
        address two = scorer(2);
        begin();
        chance();
        commitAs(one, "words");
        vm.expectPartialRevert(Rounds.CommitOpen.selector);
        anchor.penaliseAbsent(pool, 1, 1, two);
        vm.warp(block.timestamp + COMMIT);
        vm.expectPartialRevert(Rounds.CommitOver.selector);
        commitAs(two, "late");
        vm.expectPartialRevert(Rounds.NotAbsent.selector);
        anchor.penaliseAbsent(pool, 1, 1, one);
        vm.prank(challenger);
        anchor.penaliseAbsent(pool, 1, 1, two);
        same(registry.stakeOf(two), MIN_STAKE - MIN_STAKE / 10, "a tenth");
        same(token.balanceOf(challenger), MIN_STAKE / 100, "the finder's part");
        same(registry.seatOf(pool, two), 0, "no seat");
        same(registry.scorersOf(pool).length, 1, "one is left");
        vm.expectPartialRevert(Rounds.NotAbsent.selector);
        anchor.penaliseAbsent(pool, 1, 1, two); // once
    }

    function testStakeThatLeavesAnswersForASeatThatWasGivenUp() public {
        address one = scorer(1);
        begin();
        chance();
        vm.startPrank(one);
        vm.expectPartialRevert(NodeRegistry.NotEnoughStake.selector);
        registry.requestUnbond(1);
        registry.giveUp(pool);
        registry.requestUnbond(MIN_STAKE);
        vm.stopPrank();
        vm.warp(block.timestamp + COMMIT);
        anchor.penaliseAbsent(pool, 1, 1, one);
        (uint256 leaving,) = registry.unbondingOf(one);
        same(leaving, MIN_STAKE - MIN_STAKE / 10, "a tenth");
    }

    function testTheRosterBlamesWithMoreThanTwoThirds() public {
        address one = scorer(1);
        begin();
        chance();
        commitAs(one, "lies");
        vm.prank(host); // one of four
        anchor.blame(pool, 1, 1, one);
        same(registry.stakeOf(one), MIN_STAKE, "a quarter is not enough");
        vm.expectPartialRevert(Blame.AlreadyBlamed.selector);
        vm.prank(host);
        anchor.blame(pool, 1, 1, one);
        vm.expectPartialRevert(Blame.NotAValidator.selector);
        vm.prank(stranger);
        anchor.blame(pool, 1, 1, one);
        vm.prank(validator);
        anchor.blame(pool, 1, 1, one);
        same(registry.stakeOf(one), MIN_STAKE - MIN_STAKE / 10, "a tenth");
        same(registry.seatOf(pool, one), 0, "no seat");
    }

    function testOneLockAnswersForAllSeatsAndSeatsAreFew() public {
        address one = scorer(1);
        vm.startPrank(one);
        registry.join("another pool");
        vm.expectPartialRevert(NodeRegistry.AlreadySeated.selector);
        registry.join(pool);
        same(registry.lockedOf(one), MIN_STAKE, "one lock");
        registry.giveUp(pool);
        same(registry.lockedOf(one), MIN_STAKE, "still");
        registry.giveUp("another pool");
        same(registry.lockedOf(one), 0, "free");
        vm.expectPartialRevert(NodeRegistry.NotSeated.selector);
        registry.giveUp(pool);
        vm.stopPrank();
        for (uint256 i = 0; i < 64; i++) scorer(100 + i);
        vm.expectPartialRevert(NodeRegistry.NoSeat.selector);
        vm.prank(one);
        registry.join(pool);
    }

    function testWhatWasBlamedStaysSoWhenTheSeatsAreWeighedAnew() public {
        address[] memory seats = new address[](3);
        uint96[] memory weights = new uint96[](3);
        for (uint256 i = 0; i < 3; i++) {
            (seats[i], weights[i]) = (vm.addr(0xB000 + i), (1 << 95) + 10_000);
            staked(seats[i], 2 * MIN_STAKE);
        }
        vm.prank(host);
        pool = datanets.create("by stake", 1, seats, weights);
        address one = scorer(1);
        begin();
        chance();
        vm.prank(seats[0]);
        anchor.blame(pool, 1, 1, one);
        vm.prank(seats[1]);
        anchor.blame(pool, 1, 1, one);
        same(registry.stakeOf(one), MIN_STAKE, "two thirds are not more than that");
        vm.prank(seats[2]);
        registry.requestUnbond(1 ether);
        datanets.reweigh(pool);
        vm.expectPartialRevert(Blame.AlreadyBlamed.selector);
        vm.prank(seats[0]);
        anchor.blame(pool, 1, 1, one);
        vm.prank(seats[2]);
        anchor.blame(pool, 1, 1, one);
        uint256 left = MIN_STAKE - MIN_STAKE / 10;
        same(registry.stakeOf(one), left, "a tenth");
        // Nobody pays for it once more, whatever is weighed.
        vm.prank(seats[2]);
        registry.requestUnbond(1 ether);
        datanets.reweigh(pool);
        for (uint256 i = 0; i < 3; i++) {
            vm.expectPartialRevert(Blame.AlreadyBlamed.selector);
            vm.prank(seats[i]);
            anchor.blame(pool, 1, 1, one);
        }
        same(registry.stakeOf(one), left, "once");
    }
}
