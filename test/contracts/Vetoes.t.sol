// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AttributionAnchor} from "solidity/AttributionAnchor.sol";
import {Epochs} from "./Epochs.sol";

/// @dev What only people can see, and how long an epoch can be called in question.
contract VetoesTest is Epochs {
    function testAThirdOfTheWeightVoidsAnEpochAndTheBondGoesBack() public {
        propose(honest(2, 1));
        vm.expectPartialRevert(AttributionAnchor.NotAValidator.selector);
        vm.prank(stranger);
        anchor.veto(pool, 1);
        vm.prank(host); // one of four
        anchor.veto(pool, 1);
        vm.expectPartialRevert(AttributionAnchor.AlreadyVetoed.selector);
        vm.prank(host);
        anchor.veto(pool, 1);
        yes(state(1) == AttributionAnchor.State.Pending, "stands against a quarter");
        vm.prank(validator); // three of four
        anchor.veto(pool, 1);
        yes(state(1) == AttributionAnchor.State.Voided, "voided");
        same(token.balanceOf(settler), 3 * BOND, "bond is back");
        same(token.totalSupply(), SUPPLY, "nothing is burnt");
        vm.expectPartialRevert(AttributionAnchor.NotPending.selector);
        vm.prank(validator);
        anchor.veto(pool, 1);
    }

    function testAVetoCountsAgainstOneProposal() public {
        propose(honest(2, 1));
        vm.prank(host);
        anchor.veto(pool, 1);
        vm.prank(validator);
        anchor.veto(pool, 1);
        vm.expectPartialRevert(AttributionAnchor.Barred.selector);
        vm.prank(settler);
        anchor.propose(AttributionAnchor.Proposal(pool, 1, 0, 0, 0, 0, 0, "bundle"));
        settler = stranger; // another one's turn
        staked(settler, MIN_STAKE);
        fund(settler, BOND, address(anchor));
        propose(honest(2, 1));
        same(anchor.epochOf(pool, 1).vetoed, 0, "anew");
        vm.prank(host);
        anchor.veto(pool, 1);
        vm.warp(block.timestamp + CHALLENGE);
        vm.expectPartialRevert(AttributionAnchor.WindowOver.selector);
        vm.prank(validator);
        anchor.veto(pool, 1);
        anchor.finalize(pool, 1);
        yes(state(1) == AttributionAnchor.State.Final, "final");
    }

    function testExactlyAThirdIsNotMore() public {
        address[] memory validators = new address[](3);
        uint96[] memory weights = new uint96[](3);
        (validators[0], validators[1], validators[2]) = (host, validator, stranger);
        (weights[0], weights[1], weights[2]) = (type(uint96).max, type(uint96).max, type(uint96).max);
        pool = datanets.create("thirds", 1, validators, weights);
        vm.prank(settler);
        anchor.propose(AttributionAnchor.Proposal(pool, 1, 0, 0, 0, 0, 0, "bundle"));
        vm.prank(host);
        anchor.veto(pool, 1);
        yes(state(1) == AttributionAnchor.State.Pending, "stands");
        vm.prank(stranger);
        anchor.veto(pool, 1);
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
        propose(honest(2, 1));
        vm.warp(block.timestamp + CHALLENGE);
        anchor.finalize(pool, 1);
        same(anchor.poolOf(pool).epoch, 1, "final");
    }
}
