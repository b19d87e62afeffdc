// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AttributionAnchor} from "solidity/AttributionAnchor.sol";
import {NodeRegistry} from "solidity/NodeRegistry.sol";
import {ServingBonds} from "solidity/ServingBonds.sol";
import {Epochs} from "./Epochs.sol";

/// @dev A worker that stands for its answers, and what it takes to take something from it.
contract ServingBondsTest is Epochs {
    uint256 private constant TENTH = MIN_STAKE / 10;
    bytes32 private constant DRAWN = "the answers that were drawn";
    AttributionAnchor.Proposal private plan;

    function stands() private {
        staked(worker, MIN_STAKE);
        vm.prank(worker);
        serving.stand(pool);
        vm.warp(block.timestamp + 1);
    }

    function scorer(uint256 i) private pure returns (address) {
        return vm.addr(0xD000 + i);
    }

    /// @dev An epoch whose panel is so many scorers, who all have committed to words.
    function drawnPanel(uint256 count) private {
        silentPanel(count);
        for (uint256 i = 0; i < count; i++) committed(scorer(i));
    }

    function committed(address by) private {
        bytes32 seed = anchor.roundOf(pool, 1).seed;
        vm.prank(by);
        anchor.commit(pool, 1, seed, "words");
    }

    function silentPanel(uint256 count) private {
        for (uint256 i = 0; i < count; i++) {
            staked(scorer(i), MIN_STAKE);
            vm.prank(scorer(i));
            registry.join(pool);
        }
        plan = AttributionAnchor.Proposal(pool, 1, "receipts", 7, 2, 0, 0, "bundle");
        drawn(settler, plan);
    }

    function answers() private view returns (ServingBonds.Answers memory) {
        return ServingBonds.Answers(pool, 1, 1, model, worker);
    }

    function accused(address by, bytes32 receipts) private {
        ServingBonds.Answers memory a = answers();
        vm.prank(by);
        serving.accuse(a, receipts);
    }

    function refused(address by, ServingBonds.Answers memory a, bytes4 why) private {
        vm.expectPartialRevert(why);
        vm.prank(by);
        serving.accuse(a, DRAWN);
    }

    function refused(address by, bytes4 why) private {
        refused(by, answers(), why);
    }

    function loses(uint256 amount) private view {
        same(registry.stakeOf(worker), MIN_STAKE - amount, "what is left of its stake");
    }

    function testWhoStandsLocksOnceAndHasItBackInTime() public {
        bytes32 other = newDatanet("other rules");
        vm.expectPartialRevert(NodeRegistry.NotEnoughStake.selector);
        vm.prank(worker);
        serving.stand(pool);
        stands();
        same(registry.lockedOf(worker), MIN_STAKE, "locked");
        vm.expectRevert();
        vm.prank(worker);
        serving.stand(pool);
        vm.prank(worker);
        serving.stand(other);
        same(registry.lockedOf(worker), MIN_STAKE, "one lock answers for all");
        vm.prank(worker);
        serving.leave(pool);
        same(registry.lockedOf(worker), MIN_STAKE, "it stands in another pool");
        vm.prank(worker);
        serving.leave(other);
        same(registry.lockedOf(worker), 0, "free");
        vm.expectPartialRevert(ServingBonds.NotStanding.selector);
        vm.prank(worker);
        serving.leave(pool);
        vm.expectPartialRevert(ServingBonds.StillAnswers.selector);
        vm.prank(worker);
        serving.stand(pool);
        vm.warp(block.timestamp + UNBOND);
        vm.prank(worker);
        serving.stand(pool);
    }

    function testMoreThanTwoThirdsTakeATenthOnce() public {
        stands();
        drawnPanel(9);
        uint256 supply = token.totalSupply();
        for (uint256 i = 0; i < 6; i++) accused(scorer(i), DRAWN);
        loses(0); // two thirds are not more than two thirds
        accused(scorer(6), DRAWN);
        loses(TENTH);
        same(token.totalSupply(), supply - TENTH, "nobody has what was taken");
        ServingBonds.Standing memory standing = serving.standingOf(pool, worker);
        yes(standing.foundOut && standing.until == block.timestamp, "it does not stand any more");
        same(registry.lockedOf(worker), 0, "the rest is its own again");
        same(serving.foundOutAt(pool, worker), block.timestamp, "when");
        vm.warp(block.timestamp + 1);
        accused(scorer(7), DRAWN);
        loses(TENTH);
        same(serving.foundOutAt(pool, worker), block.timestamp - 1, "once");
    }

    /// @dev A worker that does not stand, or began to after the receipts: the words are remembered, and take nothing.
    function testWhoDoesNotStandIsFoundOutAndLosesNothing(bool standsLater) public {
        staked(worker, MIN_STAKE);
        drawnPanel(4);
        if (standsLater) {
            vm.prank(worker);
            serving.stand(pool);
        }
        accused(scorer(0), DRAWN);
        accused(scorer(1), DRAWN);
        same(serving.foundOutAt(pool, worker), 0, "two are too few");
        vm.expectEmit();
        emit ServingBonds.WorkerFoundOut(pool, worker, model, 1, 1, DRAWN, 0, uint64(block.timestamp));
        accused(scorer(2), DRAWN);
        same(serving.foundOutAt(pool, worker), block.timestamp, "found out");
        same(serving.foundOutAt("another", worker), 0, "in that pool alone");
        loses(0);
        ServingBonds.Standing memory standing = serving.standingOf(pool, worker);
        yes(!standing.foundOut && (standing.since != 0) == standsLater, "its standing is what it was");
    }

    function testWhoSaysOtherReceiptsOrTwiceCountsOnce() public {
        stands();
        drawnPanel(4);
        accused(scorer(0), DRAWN);
        accused(scorer(1), DRAWN);
        refused(scorer(1), ServingBonds.AlreadySaid.selector);
        accused(scorer(2), "others");
        loses(0);
        vm.expectPartialRevert(ServingBonds.AlreadySaid.selector);
        accused(scorer(2), DRAWN);
        accused(scorer(3), DRAWN);
        loses(TENTH);
    }

    function testWhoHasCommittedToNoWordsSaysNothing() public {
        stands();
        silentPanel(4);
        for (uint256 i = 0; i < 4; i++) refused(scorer(i), ServingBonds.NotOnThePanel.selector);
        for (uint256 i = 0; i < 3; i++) committed(scorer(i));
        for (uint256 i = 0; i < 2; i++) accused(scorer(i), DRAWN);
        vm.warp(anchor.roundOf(pool, 1).commitEnds);
        anchor.penaliseAbsent(pool, 1, 1, scorer(3));
        refused(scorer(3), ServingBonds.NotOnThePanel.selector);
        loses(0);
        accused(scorer(2), DRAWN);
        loses(TENTH); // who is absent is counted among those who could have said it
    }

    function testWhoCouldReadNothingSaysNothing() public {
        stands();
        silentPanel(4);
        bytes32 seed = anchor.roundOf(pool, 1).seed;
        for (uint256 i = 0; i < 4; i++) {
            vm.prank(scorer(i));
            anchor.commit(pool, 1, seed, i == 0 ? bytes32(0) : bytes32("words"));
        }
        refused(scorer(0), ServingBonds.NotOnThePanel.selector);
        for (uint256 i = 1; i < 4; i++) accused(scorer(i), DRAWN);
        loses(TENTH);
    }

    /// @dev Of nine seats the worker and the builder of the model that is spoken of have one each: seven have to speak.
    function testASeatThatMayNotSpeakLowersNothing(bool worksForStake) public {
        if (worksForStake) stands();
        staked(builder, MIN_STAKE);
        vm.prank(builder);
        registry.join(pool);
        staked(worker, MIN_STAKE);
        vm.prank(worker);
        registry.join(pool);
        drawnPanel(7);
        for (uint256 i = 0; i < 6; i++) accused(scorer(i), DRAWN);
        same(serving.foundOutAt(pool, worker), 0, "six of nine are too few");
        accused(scorer(6), DRAWN);
        same(serving.foundOutAt(pool, worker), block.timestamp, "all seven that may");
    }

    function testNobodyStandsWhereThereIsNoDatanet() public {
        staked(worker, MIN_STAKE);
        vm.startPrank(worker);
        vm.expectPartialRevert(ServingBonds.UnknownDatanet.selector);
        serving.stand(0);
        vm.expectPartialRevert(ServingBonds.UnknownDatanet.selector);
        serving.stand("no Datanet");
        vm.stopPrank();
        same(registry.lockedOf(worker), 0, "nothing is locked");
    }

    function testASmallPanelTakesNothing() public {
        stands();
        drawnPanel(2);
        accused(scorer(0), DRAWN);
        accused(scorer(1), DRAWN);
        loses(0);
    }

    /// @dev Under a third lies, in panels of any size: neither is an honest worker slashed, nor does the silence of so
    /// many save one that the others find out.
    function testUnderAThirdDecidesNothing(uint256 size, uint256 liars) public {
        size = within(size, 4, 9);
        liars = within(liars, 1, (size - 1) / 3);
        stands();
        drawnPanel(size);
        for (uint256 i = 0; i < liars; i++) accused(scorer(i), "whatever suits them");
        loses(0);
        uint256 needed = size * 2 / 3 + 1;
        yes(needed <= size - liars, "who is honest is enough");
        for (uint256 i = liars; i < liars + needed; i++) accused(scorer(i), DRAWN);
        loses(TENTH);
    }

    function testWhoMayNotSay() public {
        stands();
        staked(builder, MIN_STAKE);
        vm.prank(builder);
        registry.join(pool);
        drawnPanel(3);
        refused(stranger, ServingBonds.NotOnThePanel.selector);
        refused(builder, ServingBonds.IsAParty.selector);
        refused(worker, ServingBonds.IsAParty.selector);
        for (uint256 i = 0; i < 3; i++) accused(scorer(i), DRAWN);
        loses(TENTH); // all three who may: the builder is none of them
    }

    function testAboutWhatNobodyCanSayAnything() public {
        drawnPanel(3);
        ServingBonds.Answers memory a = answers();
        a.round = 2;
        refused(scorer(0), a, ServingBonds.AnotherRound.selector);
        a = answers();
        a.model = newModel(0, 5000, 5000, 0);
        refused(scorer(0), a, ServingBonds.NotOfThePool.selector);
        a.model = "none";
        refused(scorer(0), a, ServingBonds.NotOfThePool.selector);
        a = answers();
        a.epoch = 2;
        a.round = 0;
        refused(scorer(0), a, ServingBonds.NotDrawn.selector);
    }

    function testLateIsTooLate() public {
        stands();
        drawnPanel(3);
        accused(scorer(0), DRAWN);
        accused(scorer(1), DRAWN);
        vm.warp(anchor.roundOf(pool, 1).revealEnds + 2 * CHALLENGE);
        refused(scorer(2), ServingBonds.TimeOver.selector);
        loses(0);
    }

    function testWhoLeavesAnswersForWhatItGave() public {
        stands();
        drawnPanel(3);
        vm.startPrank(worker);
        serving.leave(pool);
        registry.requestUnbond(MIN_STAKE);
        vm.stopPrank();
        for (uint256 i = 0; i < 3; i++) accused(scorer(i), DRAWN);
        (uint256 leaving,) = registry.unbondingOf(worker);
        same(leaving, MIN_STAKE - TENTH, "taken of what is on its way out");
    }
}
