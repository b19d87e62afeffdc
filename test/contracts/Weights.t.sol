// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Rosters} from "solidity/Rosters.sol";
import {StakeWeights} from "solidity/StakeWeights.sol";
import {DatanetRegistry} from "solidity/DatanetRegistry.sol";
import {Statements} from "solidity/Statements.sol";
import {Network} from "./Network.sol";

/// @dev What seats weigh: by name, one each, by stake under a cap.
contract WeightsTest is Network {
    using Statements for Statements.Vote;

    uint96 private constant BY_SEAT = 1 << 94;
    uint96 private constant BY_STAKE = 1 << 95;

    address[] private seats;
    uint96[] private weights;

    function seatsOf(uint256 count, uint96 weighing) private {
        delete seats;
        delete weights;
        for (uint256 i = 0; i < count; i++) {
            seats.push(vm.addr(0xBEEF + i));
            weights.push(weighing);
        }
    }

    function made(bytes32 rules) private returns (bytes32) {
        vm.prank(host);
        return datanets.create(rules, 1, seats, weights);
    }

    function testOneEach() public {
        seatsOf(3, BY_SEAT);
        bytes32 datanet = made("equal");
        same(datanets.totalWeightOf(datanet, 1), 3, "one each");
        // … and so for every roster after it.
        weights[0] = 5;
        vm.expectPartialRevert(Rosters.OtherWeighing.selector);
        vm.prank(host);
        datanets.proposeRoster(datanet, seats, weights);
    }

    function testAWeightIsNoWayToSayHowOthersAreWeighed() public {
        seatsOf(2, 1);
        weights[1] = BY_STAKE + 3_400;
        vm.expectPartialRevert(Rosters.OtherWeighing.selector);
        made("mixed");
        for (uint256 i = 0; i < 3; i++) {
            weights[0] = weights[1] = [BY_STAKE, BY_STAKE + 10_001, BY_SEAT + 1][i];
            vm.expectPartialRevert(Rosters.OtherWeighing.selector);
            made("none");
        }
    }

    function testStakeUnderACap() public {
        seatsOf(4, BY_STAKE + 3_400);
        vm.expectPartialRevert(Rosters.SeatWithoutStake.selector);
        made("stake");
        for (uint256 i = 0; i < 4; i++) staked(seats[i], MIN_STAKE * (i == 0 ? 100 : 1));
        bytes32 datanet = made("stake");
        (, uint96[] memory weighed) = datanets.membersOf(datanet, 1);
        same(weighed[1], 1_000, "a least stake");
        same(weighed[0], 1_545, "34 % of what all weigh");
        yes(uint256(weighed[0]) * 10_000 <= 3_400 * uint256(datanets.totalWeightOf(datanet, 1)), "the cap holds");
    }

    function testStakeThatLeavesDoesNotVoteOnceItIsWeighedAgain() public {
        seatsOf(3, BY_STAKE + 5_000);
        for (uint256 i = 0; i < 3; i++) staked(seats[i], 2 * MIN_STAKE);
        bytes32 datanet = made("stake");
        vm.expectPartialRevert(Rosters.SameWeights.selector);
        datanets.reweigh(datanet);
        vm.prank(seats[0]);
        registry.requestUnbond(2 * MIN_STAKE);
        vm.prank(seats[1]);
        registry.requestUnbond(MIN_STAKE);
        // What was put forward before is theirs to decide still, with the weights that they had.
        address[] memory next = new address[](1);
        next[0] = seats[2];
        uint96[] memory how = new uint96[](1);
        how[0] = BY_STAKE + 5_000;
        vm.prank(host);
        bytes32 succession = datanets.proposeRoster(datanet, next, how);
        vm.prank(seats[1]);
        bytes32 amendment = datanets.proposeRules(datanet, "other");
        same(datanets.reweigh(datanet), 2, "the next number");
        (, uint96[] memory weighed) = datanets.membersOf(datanet, 2);
        same(weighed[0], 0, "it left");
        same(weighed[1], 1_000, "half left");
        same(weighed[2], 1_000, "cut to half of all");
        same(datanets.weightOf(datanet, seats[0]), 0, "no vote");
        vm.prank(seats[1]);
        datanets.speakOnRules(amendment, true);
        vm.prank(seats[2]);
        datanets.speakOnRoster(succession, true);
        vm.prank(seats[1]);
        datanets.speakOnRoster(succession, true);
        vm.expectPartialRevert(DatanetRegistry.NotDecided.selector);
        datanets.seatRoster(succession, next, how);
    }

    function testWhoWasCaughtStaysSoHoweverOftenTheSeatsAreWeighed() public {
        seats.push(host);
        seats.push(validator);
        for (uint256 i = 0; i < 2; i++) {
            staked(seats[i], 2 * MIN_STAKE);
            weights.push(BY_STAKE + 10_000);
        }
        bytes32 datanet = made("stake");
        (bytes32 contribution,) = committed(datanet, CONTRIBUTOR, "word");
        vm.prank(host);
        registry.requestUnbond(1 ether);
        same(datanets.reweigh(datanet), 2, "weighed");
        Statements.Vote memory a = Statements.Vote(contribution, validator, true, "a", "salt");
        Statements.Vote memory b = Statements.Vote(contribution, validator, false, "b", "salt");
        datanets.reportDoubleVote(a, signed(VALIDATOR, a.hash()), b, signed(VALIDATOR, b.hash()));
        staked(validator, 2 * MIN_STAKE);
        same(datanets.votingWeightOf(datanet, 1, validator), 0, "of the roster it voted in");
        same(datanets.votingWeightOf(datanet, 2, validator), 0, "nor of the one that sits");
        same(datanets.reweigh(datanet), 3, "weighed again");
        same(datanets.weightOf(datanet, validator), 0, "no weight any more");
    }

    function testNamedWeightsAreNobodysToWeighAgain() public {
        bytes32 datanet = newDatanet("rules");
        vm.expectPartialRevert(Rosters.OtherWeighing.selector);
        datanets.reweigh(datanet);
    }

    function testFuzzTheCapHolds(uint64[8] memory stakes, uint16 cap) public pure {
        cap = uint16(within(cap, 1_250, 10_000)); // an eighth at least: eight seats can keep it
        uint256[] memory units = new uint256[](8);
        for (uint256 i = 0; i < 8; i++) units[i] = within(stakes[i], 1_000, 1_000_000_000);
        uint96[] memory weighed = StakeWeights.capped(units, cap);
        uint256 total = 0;
        for (uint256 i = 0; i < 8; i++) total += weighed[i];
        for (uint256 i = 0; i < 8; i++) {
            yes(uint256(weighed[i]) * 10_000 <= uint256(cap) * total, "the cap");
            yes(weighed[i] > 0 && weighed[i] <= units[i], "never more than the stake");
        }
    }
}
