// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Blame} from "solidity/Blame.sol";
import {AttributionAnchor} from "solidity/AttributionAnchor.sol";
import {Rounds} from "solidity/Rounds.sol";
import {DatanetRegistry} from "solidity/DatanetRegistry.sol";
import {Rosters} from "solidity/Rosters.sol";
import {Statements} from "solidity/Statements.sol";
import {Network} from "./Network.sol";

/// @dev How validators follow one another.
contract RostersTest is Network {
    using Statements for Statements.Commitment;
    using Statements for Statements.Vote;

    bytes32 private datanet;
    address[] private next = [stranger, challenger];
    uint96[] private weights = [uint96(2), 5];

    function setUp() public override {
        super.setUp();
        datanet = newDatanet("rules"); // the host has one of four, the validator three
        staked(host, MIN_STAKE);
        staked(validator, MIN_STAKE);
        staked(stranger, MIN_STAKE);
        staked(challenger, MIN_STAKE);
    }

    function put(address by) private returns (bytes32) {
        vm.prank(by);
        return datanets.proposeRoster(datanet, next, weights);
    }

    function speak(bytes32 succession, address by, bool consents) private {
        vm.prank(by);
        datanets.speakOnRoster(succession, consents);
    }

    function testMoreThanTwoThirdsHandOver() public {
        bytes32 succession = put(validator);
        vm.expectPartialRevert(DatanetRegistry.NotDecided.selector);
        datanets.seatRoster(succession, next, weights);
        speak(succession, validator, true);
        datanets.seatRoster(succession, next, weights);
        same(datanets.rosterOf(datanet), 2, "the second one");
        same(datanets.weightOf(datanet, challenger), 5, "sits");
        same(datanets.weightOf(datanet, validator), 0, "sat");
        same(datanets.totalWeightOf(datanet, 2), 7, "weight");
        same(datanets.totalWeightOf(datanet, 1), 4, "the first one's stays");
        vm.expectPartialRevert(DatanetRegistry.AnotherSits.selector);
        datanets.seatRoster(succession, next, weights);
    }

    function testWithoutConsentAValidatorSeatsNobodyEver() public {
        bytes32 succession = put(validator);
        speak(succession, host, true);
        vm.warp(block.timestamp + SILENCE + 1);
        vm.expectPartialRevert(DatanetRegistry.NotDecided.selector);
        datanets.seatRoster(succession, next, weights);
    }

    function testADeadRosterIsReplacedByTheHostLongAfterItSaidSo() public {
        bytes32 succession = put(host);
        vm.warp(block.timestamp + SILENCE - 1);
        vm.expectPartialRevert(DatanetRegistry.NotDecided.selector);
        datanets.seatRoster(succession, next, weights);
        vm.warp(block.timestamp + 1);
        datanets.seatRoster(succession, next, weights);
        same(datanets.rosterOf(datanet), 2, "the second one");
    }

    function testWhoIsAliveKeepsItsSeat() public {
        bytes32 succession = put(host);
        speak(succession, validator, false);
        vm.expectPartialRevert(DatanetRegistry.AlreadySpoke.selector);
        speak(succession, validator, true);
        vm.warp(block.timestamp + SILENCE);
        vm.expectPartialRevert(DatanetRegistry.NotDecided.selector);
        datanets.seatRoster(succession, next, weights);
    }

    function testAHostAnnouncesOneAtATimeAndNotForEver() public {
        put(host);
        weights[0] = 3;
        bytes32 beside = put(host);
        vm.warp(block.timestamp + SILENCE);
        vm.expectPartialRevert(DatanetRegistry.NotDecided.selector);
        datanets.seatRoster(beside, next, weights); // needs consent
        weights[0] = 4;
        bytes32 later = put(host);
        vm.warp(block.timestamp + 2 * SILENCE);
        vm.expectPartialRevert(DatanetRegistry.NotDecided.selector);
        datanets.seatRoster(later, next, weights);
    }

    function testStrangersNeitherPutForwardNorSpeak() public {
        vm.expectPartialRevert(DatanetRegistry.NobodyHere.selector);
        put(stranger);
        bytes32 succession = put(host);
        vm.expectPartialRevert(DatanetRegistry.NotAValidator.selector);
        speak(succession, stranger, true);
        vm.prank(validator);
        registry.requestUnbond(1);
        vm.expectPartialRevert(DatanetRegistry.NotAValidator.selector);
        speak(succession, validator, true); // not without its stake
        vm.expectPartialRevert(Rosters.BadRoster.selector);
        datanets.seatRoster(succession, next, new uint96[](2));
    }

    function testWhoTakesASeatHasItsStake() public {
        next[0] = worker;
        bytes32 succession = put(validator);
        speak(succession, validator, true);
        vm.expectPartialRevert(DatanetRegistry.NotEnoughStake.selector);
        datanets.seatRoster(succession, next, weights);
        staked(worker, MIN_STAKE);
        datanets.seatRoster(succession, next, weights);
    }

    function testADecisionNamesTheRosterThatMadeIt() public {
        (bytes32 contribution,) = committed(datanet, CONTRIBUTOR, "c");
        staked(settler, MIN_STAKE);
        fund(settler, BOND, address(anchor));
        proposed(settler, AttributionAnchor.Proposal(datanet, 1, 0, 0, 0, 0, 0, "bundle"));
        bytes32 succession = put(validator);
        speak(succession, validator, true);
        datanets.seatRoster(succession, next, weights);
        anchorNext(datanet, 1);
        same(datanets.contributionOf(contribution).roster, 1, "the contribution's");
        same(datanets.versionOf(datanet, 1).roster, 2, "the version's");
        vm.expectPartialRevert(Blame.NotAValidator.selector);
        vm.prank(challenger);
        anchor.veto(datanet, 1, 1); // an epoch is judged by those who sat when it was proposed
        // and so is a vote: the old roster answers for it, the new one does not
        Statements.Vote memory a = Statements.Vote(contribution, validator, true, "o", 0);
        Statements.Vote memory b = Statements.Vote(contribution, validator, false, "o", 0);
        bytes memory signA = signed(VALIDATOR, a.hash());
        bytes memory signB = signed(VALIDATOR, b.hash());
        same(datanets.reportDoubleVote(a, signA, b, signB), MIN_STAKE, "slashed");
        (a.validator, b.validator) = (challenger, challenger);
        signA = signed(CHALLENGER, a.hash());
        signB = signed(CHALLENGER, b.hash());
        vm.expectPartialRevert(DatanetRegistry.NotAValidator.selector);
        datanets.reportDoubleVote(a, signA, b, signB);
    }

    function testADoubleVoteCostsTheSeatsVoteAlsoWhereNothingIsAtStake() public {
        (bytes32 contribution,) = committed(datanet, CONTRIBUTOR, "c");
        vm.prank(validator);
        registry.requestUnbond(MIN_STAKE);
        vm.warp(block.timestamp + UNBOND);
        vm.prank(validator);
        registry.withdraw();
        Statements.Vote memory a = Statements.Vote(contribution, validator, true, "o", 0);
        Statements.Vote memory b = Statements.Vote(contribution, validator, false, "o", 0);
        bytes memory signA = signed(VALIDATOR, a.hash());
        bytes memory signB = signed(VALIDATOR, b.hash());
        same(datanets.reportDoubleVote(a, signA, b, signB), 0, "nothing to take");
        staked(validator, MIN_STAKE);
        same(datanets.votingWeightOf(datanet, 1, validator), 0, "but no vote any more");
    }
}
