// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Blame} from "solidity/Blame.sol";
import {AttributionAnchor} from "solidity/AttributionAnchor.sol";
import {Rounds} from "solidity/Rounds.sol";
import {Epochs} from "./Epochs.sol";

/// @dev What only people can see, what it costs, and how long an epoch can be called in question.
contract VetoesTest is Epochs {
    function vetoAs(address who, uint32 round) private {
        vm.prank(who);
        anchor.veto(pool, 1, round);
    }

    function proposeAs(address who, Draft memory draft) private {
        settler = who;
        propose(draft);
    }

    function rival() private returns (address) {
        staked(stranger, MIN_STAKE);
        fund(stranger, BOND * 3, address(anchor));
        return stranger;
    }

    function contentOf(uint32 number) private view returns (bytes32) {
        AttributionAnchor.Epoch memory e = anchor.epochOf(pool, number);
        return anchor.contentOf(e.receiptsRoot, e.receiptsTotal, e.receiptCount, e.payoutsRoot, e.payoutsTotal);
    }

    function settle() private {
        vm.warp(block.timestamp + CHALLENGE);
        anchor.finalize(pool, 1);
    }

    function testAThirdOfTheWeightVoidsAnEpochAndNobodyGetsItsBond() public {
        propose(honest(2, 1));
        vm.expectPartialRevert(Blame.NotAValidator.selector);
        vetoAs(stranger, 1);
        vetoAs(host, 1); // one of four
        vm.expectPartialRevert(AttributionAnchor.AlreadyVetoed.selector);
        vetoAs(host, 1);
        yes(state(1) == AttributionAnchor.State.Pending, "stands against a quarter");
        vetoAs(validator, 1); // three of four
        yes(state(1) == AttributionAnchor.State.Voided, "voided");
        same(token.balanceOf(settler), 2 * BOND, "the bond is gone");
        same(token.balanceOf(host) + token.balanceOf(validator), 0, "and no validator has it");
        same(registry.lockedOf(settler), 0, "a vote is no proof: the stake is free again");
        vm.expectPartialRevert(AttributionAnchor.NotPending.selector);
        vetoAs(validator, 1);
    }

    function testAVetoedTheftLosesItsBondForGood() public {
        propose(honest(2, 1));
        vetoAs(validator, 1);
        bytes32 theft = contentOf(1);
        vm.expectPartialRevert(AttributionAnchor.NothingHeld.selector);
        anchor.settleBond(pool, 1, theft);
        proposeAs(rival(), honest(3, 2));
        settle();
        anchor.settleBond(pool, 1, theft);
        same(token.totalSupply(), SUPPLY - BOND, "burnt");
        vm.expectPartialRevert(AttributionAnchor.NothingHeld.selector);
        anchor.settleBond(pool, 1, theft);
    }

    function testWhoWasVetoedWronglyLosesHalfABondAtMost() public {
        address first = settler;
        propose(honest(2, 1));
        vetoAs(validator, 1);
        proposeAs(rival(), honest(2, 1)); // the same epoch by another, and nobody is against it now
        settle();
        anchor.settleBond(pool, 1, contentOf(1));
        same(token.balanceOf(first), 2 * BOND + BOND / 2, "half is back");
        same(token.totalSupply(), SUPPLY - (BOND - BOND / 2), "the other half is burnt");
    }

    function testWhatWasVetoedBeforeLosesItsBondAtOnce() public {
        propose(honest(2, 1));
        vetoAs(validator, 1);
        propose(honest(2, 1));
        vetoAs(validator, 2);
        same(token.totalSupply(), SUPPLY - BOND, "the second bond is burnt");
        same(token.balanceOf(settler), BOND, "the first one is held");
    }

    function testAVetoCountsAgainstTheProposalThatWasMeant() public {
        propose(honest(2, 1));
        vetoAs(host, 1);
        vetoAs(validator, 1);
        propose(honest(3, 1)); // who was vetoed may try again, for another bond
        same(anchor.epochOf(pool, 1).vetoed, 0, "anew");
        vm.expectPartialRevert(Rounds.AnotherRound.selector);
        vetoAs(validator, 1); // a word that comes late
        vetoAs(host, 2);
        vm.warp(block.timestamp + CHALLENGE);
        vm.expectPartialRevert(AttributionAnchor.WindowOver.selector);
        vetoAs(validator, 2);
        anchor.finalize(pool, 1);
        yes(state(1) == AttributionAnchor.State.Final, "final");
    }

    function testOneProposalOfAnEpochInABlock() public {
        propose(honest(2, 1));
        vetoAs(validator, 1);
        vm.expectPartialRevert(AttributionAnchor.SameBlock.selector);
        vm.prank(settler);
        anchor.propose(AttributionAnchor.Proposal(pool, 1, 0, 0, 0, 0, 0, "bundle"));
    }

    function testAValidatorWithoutAStakeHasNoSay() public {
        propose(honest(2, 1));
        vm.prank(validator);
        registry.requestUnbond(1);
        vm.expectPartialRevert(Blame.NotAValidator.selector);
        vetoAs(validator, 1);
    }

    function testExactlyAThirdIsNotMore() public {
        address[] memory validators = new address[](3);
        uint96[] memory weights = new uint96[](3);
        (validators[0], validators[1], validators[2]) = (host, validator, rival());
        uint96 most = (1 << 94) - 1; // more says how seats are weighed
        (weights[0], weights[1], weights[2]) = (most, most, most);
        pool = datanets.create("thirds", 1, validators, weights);
        proposed(settler, AttributionAnchor.Proposal(pool, 1, 0, 0, 0, 0, 0, "bundle"));
        vetoAs(host, 1);
        yes(state(1) == AttributionAnchor.State.Pending, "stands");
        vetoAs(stranger, 1);
        yes(state(1) == AttributionAnchor.State.Voided, "voided");
    }

    // When

    function testChallengesEndWithTheWindow() public {
        Draft memory draft = honest(2, 1);
        draft.workerSignatures[0] = "";
        propose(draft);
        AttributionAnchor.ReceiptEvidence memory e = evidence(draft, 0);
        vm.warp(block.timestamp + CHALLENGE);
        vm.expectPartialRevert(AttributionAnchor.WindowOver.selector);
        anchor.challengeSignature(pool, 1, e);
        anchor.finalize(pool, 1);
        vm.expectPartialRevert(AttributionAnchor.NotPending.selector);
        anchor.challengeSignature(pool, 1, e);
    }

    function testAVoidedEpochIsProposedAnew() public {
        Draft memory draft = honest(2, 1);
        draft.workerSignatures[0] = "";
        propose(draft);
        AttributionAnchor.ReceiptEvidence memory e = evidence(draft, 0);
        wins();
        anchor.challengeSignature(pool, 1, e);
        vm.expectPartialRevert(AttributionAnchor.NotPending.selector);
        anchor.challengeSignature(pool, 1, e);
        vm.warp(block.timestamp + CHALLENGE);
        vm.expectPartialRevert(AttributionAnchor.NotPending.selector);
        anchor.finalize(pool, 1);
        proposeAs(rival(), honest(2, 1)); // the first one has no stake any more
        vm.warp(block.timestamp + CHALLENGE);
        anchor.finalize(pool, 1);
        same(anchor.poolOf(pool).epoch, 1, "final");
    }
}
