// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AttributionAnchor} from "solidity/AttributionAnchor.sol";
import {Statements} from "solidity/Statements.sol";
import {SumTree} from "solidity/SumTree.sol";
import {Epochs} from "./Epochs.sol";
import {TreeBuilder} from "./TreeBuilder.sol";

/// forge-config: default.fuzz.runs = 80
/// @dev A valid challenge always wins, an invalid one never: honest epochs of many shapes, each fraud at every place.
contract ChallengesTest is Epochs {
    using Statements for Statements.Receipt;

    // An honest epoch stands

    function testNoChallengeHoldsAgainstAnHonestEpoch(uint256 count, uint256 seed) public {
        Draft memory draft = honest(within(count, 1, 9), seed);
        propose(draft);
        uint256 length = draft.receipts.length;
        for (uint256 i = 0; i < length; i++) {
            AttributionAnchor.ReceiptEvidence memory e = evidence(draft, i);
            refused();
            anchor.challengeSignature(pool, 1, e);
            refused();
            anchor.challengeFee(pool, 1, e);
            refused();
            anchor.challengeModel(pool, 1, e);
            AttributionAnchor.ReceiptEvidence memory other = evidence(draft, (i + 1) % length);
            refused();
            anchor.challengeDuplicate(pool, 1, e, 1, other);
            AttributionAnchor.LeafEvidence memory leaf =
                AttributionAnchor.LeafEvidence(contentOf(draft, i), draft.sums[i], draft.sums[i], e.proof);
            refused();
            anchor.challengeLeaf(pool, 1, AttributionAnchor.Tree.Receipts, leaf);
        }
        for (uint256 level = 1; level < draft.levels.length; level++) {
            for (uint256 position = 0; position < draft.levels[level].length; position++) {
                if (draft.levels[level][position].hash == 0) continue; // filling has no children
                AttributionAnchor.NodeEvidence memory e = nodeEvidence(draft, level, position);
                refused();
                anchor.challengeNode(pool, 1, AttributionAnchor.Tree.Receipts, e);
            }
        }
        yes(state(1) == AttributionAnchor.State.Pending, "stands");
    }

    function refused() private {
        vm.expectPartialRevert(AttributionAnchor.NoFraud.selector);
    }

    /// @notice Bending any part of the evidence makes it lead nowhere, not to a win.
    function testBentEvidenceProvesNothing(uint256 seed, uint8 bend, uint256 with) public {
        Draft memory draft = honest(5, seed);
        propose(draft);
        AttributionAnchor.ReceiptEvidence memory e = evidence(draft, seed % 5);
        bend = bend % 8;
        if (with == 0) with = 1;
        if (bend == 0) e.receipt.fee ^= with;
        if (bend == 1) e.receipt.channel ^= bytes32(with);
        if (bend == 2) e.receipt.model ^= bytes32(with);
        if (bend == 3) e.clientSignature[within(with, 0, 64)] ^= 0x01;
        if (bend == 4) e.workerSignature[within(with, 0, 64)] ^= 0x01;
        if (bend == 5) e.sum ^= with;
        if (bend == 6) e.proof.index ^= with;
        if (bend == 7) e.proof.siblings[within(with, 0, 2)].sum ^= with;
        AttributionAnchor.ReceiptEvidence memory straight = evidence(draft, (seed % 5 + 1) % 5);
        leadsNowhere();
        anchor.challengeSignature(pool, 1, e);
        leadsNowhere();
        anchor.challengeFee(pool, 1, e);
        leadsNowhere();
        anchor.challengeModel(pool, 1, e);
        leadsNowhere();
        anchor.challengeDuplicate(pool, 1, e, 1, straight);
        leadsNowhere();
        anchor.challengeDuplicate(pool, 1, straight, 1, e);
    }

    function leadsNowhere() private {
        vm.expectPartialRevert(AttributionAnchor.NotInTree.selector);
    }

    function testInventedNodesAndLeavesProveNothing(
        SumTree.Node memory left,
        SumTree.Node memory right,
        uint256 sum,
        uint8 index
    )
        public
    {
        Draft memory draft = honest(5, 1);
        propose(draft);
        SumTree.Proof memory proof = TreeBuilder.prove(draft.levels, 1, index % 2);
        leadsNowhere();
        anchor.challengeNode(
            pool, 1, AttributionAnchor.Tree.Receipts, AttributionAnchor.NodeEvidence(left, right, sum, proof)
        );
        proof = TreeBuilder.prove(draft.levels, 0, index % 5);
        leadsNowhere();
        anchor.challengeLeaf(
            pool, 1, AttributionAnchor.Tree.Receipts, AttributionAnchor.LeafEvidence(left.hash, left.sum, sum, proof)
        );
    }

    // Each fraud is caught wherever it stands

    function testAReceiptTheClientDidNotSign(uint256 count, uint256 place, uint256 forger) public {
        Draft memory draft = honest(within(count, 1, 9), 1);
        place = within(place, 0, draft.receipts.length - 1);
        forger = within(forger, 1, type(uint64).max);
        vm.assume(forger != CLIENT);
        draft.clientSignatures[place] = signed(forger, draft.receipts[place].hash());
        propose(draft);
        AttributionAnchor.ReceiptEvidence memory e = evidence(draft, place);
        wins();
        anchor.challengeSignature(pool, 1, e);
        won();
    }

    function testAReceiptTheWorkerDidNotSign(uint256 count, uint256 place, bytes memory anything) public {
        Draft memory draft = honest(within(count, 1, 9), 1);
        place = within(place, 0, draft.receipts.length - 1);
        draft.workerSignatures[place] = anything;
        propose(draft);
        AttributionAnchor.ReceiptEvidence memory e = evidence(draft, place);
        wins();
        anchor.challengeSignature(pool, 1, e);
        won();
    }

    function testAReceiptOfNoChannel(bytes32 nowhere) public {
        vm.assume(nowhere != channel);
        Draft memory draft = honest(3, 1);
        draft.receipts[1].channel = nowhere;
        write(draft, 1, draft.receipts[1]);
        propose(draft);
        AttributionAnchor.ReceiptEvidence memory e = evidence(draft, 1);
        wins();
        anchor.challengeSignature(pool, 1, e);
        won();
    }

    function testAReceiptCountedTwice(uint256 count, uint256 first, uint256 second, bool identical) public {
        count = within(count, 2, 9);
        first = within(first, 0, count - 1);
        second = (first + within(second, 1, count - 1)) % count;
        Draft memory draft = honest(count, 1);
        draft.receipts[second] = receiptOf(uint64(first), identical ? draft.sums[first] : draft.sums[first] + 1);
        write(draft, second, draft.receipts[second]);
        propose(draft);
        AttributionAnchor.ReceiptEvidence memory e = evidence(draft, second);
        AttributionAnchor.ReceiptEvidence memory before = evidence(draft, first);
        refused();
        anchor.challengeDuplicate(pool, 1, e, 1, e);
        wins();
        anchor.challengeDuplicate(pool, 1, e, 1, before);
        won();
    }

    function testAReceiptOfAnEarlierEpoch(uint256 place) public {
        Draft memory draft = honest(4, 1);
        propose(draft);
        AttributionAnchor.ReceiptEvidence memory early = evidence(draft, 2);
        refused(); // not final yet, and not another epoch's
        anchor.challengeDuplicate(pool, 1, early, 2, early);
        vm.warp(block.timestamp + CHALLENGE);
        anchor.finalize(pool, 1);
        place = within(place, 0, 3);
        Draft memory next = honest(4, 2);
        for (uint256 i = 0; i < 4; i++) write(next, i, receiptOf(uint64(10 + i), 1 ether));
        write(next, place, draft.receipts[2]);
        propose(next);
        AttributionAnchor.ReceiptEvidence memory e = evidence(next, place);
        wins();
        anchor.challengeDuplicate(pool, 2, e, 1, early);
        yes(state(2) == AttributionAnchor.State.Voided, "voided");
    }

    function testALeafThatIsNotItsFee(uint256 count, uint256 place, uint256 sum) public {
        Draft memory draft = honest(within(count, 1, 9), 1);
        place = within(place, 0, draft.receipts.length - 1);
        sum = within(sum, 0, 1000 ether);
        vm.assume(sum != draft.receipts[place].fee);
        draft.sums[place] = sum;
        propose(draft);
        AttributionAnchor.ReceiptEvidence memory e = evidence(draft, place);
        wins();
        anchor.challengeFee(pool, 1, e);
        won();
    }

    function testAnUnknownModel(bytes32 unknown, uint256 place) public {
        vm.assume(unknown != model);
        foreign(unknown, within(place, 0, 4));
    }

    function testAnotherModelThanTheChannels() public {
        foreign(newModel(pool, 4000, 3000, 3000), 1);
    }

    function foreign(bytes32 other, uint256 place) private {
        Draft memory draft = honest(5, 1);
        draft.receipts[place].model = other;
        write(draft, place, draft.receipts[place]);
        propose(draft);
        AttributionAnchor.ReceiptEvidence memory e = evidence(draft, place);
        wins();
        anchor.challengeModel(pool, 1, e);
        won();
    }

    function testAModelOfAnotherDatanet() public {
        bytes32 base = newModel(0, 8000, 2000, 0);
        channel = newChannel(base, DEPOSIT);
        model = base;
        Draft memory draft = honest(2, 1);
        propose(draft);
        AttributionAnchor.ReceiptEvidence memory e = evidence(draft, 0);
        wins();
        anchor.challengeModel(pool, 1, e);
        won();
    }

    function testANodeThatDoesNotAddUp(uint256 count, uint256 level, uint256 position, uint256 lie) public {
        Draft memory draft = honest(within(count, 2, 9), 1);
        SumTree.Node[] memory leaves = leavesOf(draft);
        uint256 depth = TreeBuilder.build(leaves).length - 1;
        level = within(level, 1, depth);
        position = within(position, 0, (leaves.length - 1) >> level);
        lie = within(lie, 0, 1000 ether);
        vm.assume(TreeBuilder.build(leaves)[level][position].sum != lie);
        draft.levels = TreeBuilder.buildWith(leaves, level, position, lie);
        propose(draft);
        AttributionAnchor.NodeEvidence memory e = nodeEvidence(draft, level, position);
        wins();
        anchor.challengeNode(pool, 1, AttributionAnchor.Tree.Receipts, e);
        won();
    }

    function testALeafWhoseParentStatesAnotherSum(uint256 count, uint256 place, uint256 lie) public {
        Draft memory draft = honest(within(count, 1, 9), 1);
        place = within(place, 0, draft.receipts.length - 1);
        lie = within(lie, 0, 1000 ether);
        vm.assume(lie != draft.sums[place]);
        draft.levels = TreeBuilder.buildWith(leavesOf(draft), 0, place, lie);
        propose(draft);
        SumTree.Proof memory proof = TreeBuilder.prove(draft.levels, 0, place);
        AttributionAnchor.LeafEvidence memory e =
            AttributionAnchor.LeafEvidence(contentOf(draft, place), draft.sums[place], lie, proof);
        wins();
        anchor.challengeLeaf(pool, 1, AttributionAnchor.Tree.Receipts, e);
        won();
    }

    function testAnEmptyNodeWithASum(uint256 lie) public {
        lie = within(lie, 1, 1000 ether);
        Draft memory draft = honest(3, 1);
        SumTree.Node[] memory leaves = new SumTree.Node[](4);
        for (uint256 i = 0; i < 3; i++) leaves[i] = leavesOf(draft)[i];
        leaves[3] = SumTree.Node(0, lie);
        draft.levels = TreeBuilder.build(leaves);
        propose(draft);
        AttributionAnchor.NodeEvidence memory e = nodeEvidence(draft, 1, 1);
        wins();
        anchor.challengeNode(pool, 1, AttributionAnchor.Tree.Receipts, e);
        won();
    }

    function testSumsThatWouldWrap() public {
        Draft memory draft = honest(2, 1);
        SumTree.Node[] memory leaves = leavesOf(draft);
        leaves[0].sum = type(uint256).max;
        leaves[1].sum = 6;
        draft.levels = TreeBuilder.build(leaves); // wraps to 5
        same(TreeBuilder.root(draft.levels).sum, 5, "wrapped");
        propose(draft);
        AttributionAnchor.NodeEvidence memory e = nodeEvidence(draft, 1, 0);
        wins();
        anchor.challengeNode(pool, 1, AttributionAnchor.Tree.Receipts, e);
        won();
    }

    function testThePayoutsTreeIsChallengedAlike(uint256 lie) public {
        token.approve(address(anchor), 10 ether);
        anchor.deposit(pool, 10 ether);
        lie = within(lie, 0, 10 ether);
        vm.assume(lie != 3 ether);
        SumTree.Node[] memory leaves = new SumTree.Node[](2);
        leaves[0] = TreeBuilder.leafNode(keccak256(abi.encode(worker)), 1 ether);
        leaves[1] = TreeBuilder.leafNode(keccak256(abi.encode(builder)), 2 ether);
        SumTree.Node[][] memory levels = TreeBuilder.buildWith(leaves, 1, 0, lie);
        SumTree.Node memory root = TreeBuilder.root(levels);
        proposed(settler, AttributionAnchor.Proposal(pool, 1, 0, 0, 0, root.hash, root.sum, "bundle"));
        wins();
        anchor.challengeNode(
            pool,
            1,
            AttributionAnchor.Tree.Payouts,
            AttributionAnchor.NodeEvidence(levels[0][0], levels[0][1], lie, TreeBuilder.prove(levels, 1, 0))
        );
        won();
    }
}
