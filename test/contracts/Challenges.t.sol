// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AttributionAnchor} from "solidity/AttributionAnchor.sol";
import {Statements} from "solidity/Statements.sol";
import {SumTree} from "solidity/SumTree.sol";
import {Network} from "./Network.sol";
import {TreeBuilder} from "./TreeBuilder.sol";

/// forge-config: default.fuzz.runs = 80
/// @dev A valid challenge always wins, an invalid one never: honest epochs of many shapes, each fraud at every place.
contract ChallengesTest is Network {
    using Statements for Statements.Receipt;

    uint256 private constant DEPOSIT = 1000 ether;
    bytes32 private pool;
    bytes32 private model;
    bytes32 private channel;

    /// @dev An epoch as its proposer has it; storage copies of nested arrays are dear, so tests pass it along.
    struct Draft {
        Statements.Receipt[] receipts;
        bytes[] clientSignatures;
        bytes[] workerSignatures;
        uint256[] sums;
        SumTree.Node[][] levels;
    }

    function setUp() public override {
        super.setUp();
        (pool, model, channel) = servedModel(DEPOSIT);
        staked(settler, MIN_STAKE);
        fund(settler, BOND * 3, address(anchor));
    }

    function receiptOf(uint64 sequence, uint256 fee) private view returns (Statements.Receipt memory) {
        return Statements.Receipt(channel, sequence, 0, model, "request", "response", 10, 20, fee, 7, 1, 2, false);
    }

    /// @dev Receipts 0..count-1 of the channel with fees from the seed, signed by both; the tree is not built yet.
    function honest(uint256 count, uint256 seed) private view returns (Draft memory draft) {
        draft.receipts = new Statements.Receipt[](count);
        draft.clientSignatures = new bytes[](count);
        draft.workerSignatures = new bytes[](count);
        draft.sums = new uint256[](count);
        for (uint256 i = 0; i < count; i++) {
            uint256 fee = within(uint256(keccak256(abi.encode(seed, i))), 1, 1 ether);
            write(draft, i, receiptOf(uint64(i), fee));
        }
    }

    function write(Draft memory draft, uint256 position, Statements.Receipt memory receipt) private view {
        draft.receipts[position] = receipt;
        draft.clientSignatures[position] = signed(CLIENT, receipt.hash());
        draft.workerSignatures[position] = signed(WORKER, receipt.hash());
        draft.sums[position] = receipt.fee;
    }

    function leavesOf(Draft memory draft) private view returns (SumTree.Node[] memory leaves) {
        leaves = new SumTree.Node[](draft.receipts.length);
        for (uint256 i = 0; i < leaves.length; i++) leaves[i] = TreeBuilder.leafNode(contentOf(draft, i), draft.sums[i]);
    }

    function contentOf(Draft memory draft, uint256 i) private view returns (bytes32) {
        return keccak256(
            abi.encode(
                digestOf(draft.receipts[i].hash()),
                keccak256(draft.clientSignatures[i]),
                keccak256(draft.workerSignatures[i])
            )
        );
    }

    function propose(Draft memory draft) private {
        if (draft.levels.length == 0) draft.levels = TreeBuilder.build(leavesOf(draft));
        SumTree.Node memory root = TreeBuilder.root(draft.levels);
        uint32 next = anchor.poolOf(pool).epoch + 1;
        vm.prank(settler);
        anchor.propose(
            AttributionAnchor.Proposal(
                pool, next, root.hash, root.sum, uint32(draft.receipts.length), 0, 0, "bundle"
            )
        );
    }

    function evidence(Draft memory draft, uint256 i) private pure returns (AttributionAnchor.ReceiptEvidence memory) {
        return AttributionAnchor.ReceiptEvidence(
            draft.receipts[i],
            draft.clientSignatures[i],
            draft.workerSignatures[i],
            draft.sums[i],
            TreeBuilder.prove(draft.levels, 0, i)
        );
    }

    function nodeEvidence(Draft memory draft, uint256 level, uint256 position)
        private
        pure
        returns (AttributionAnchor.NodeEvidence memory)
    {
        SumTree.Node[] memory below = draft.levels[level - 1];
        return AttributionAnchor.NodeEvidence(
            below[2 * position], below[2 * position + 1], draft.levels[level][position].sum, TreeBuilder.prove(draft.levels, level, position)
        );
    }

    function state(uint32 epoch) private view returns (AttributionAnchor.State) {
        return anchor.epochOf(pool, epoch).state;
    }

    /// @dev The challenge that comes next must win.
    function wins() private {
        vm.prank(challenger);
    }

    function won() private view {
        yes(state(1) == AttributionAnchor.State.Voided, "voided");
        same(token.balanceOf(challenger), BOND / 2, "half the bond");
        same(token.totalSupply(), SUPPLY - (BOND - BOND / 2), "the rest is burnt");
    }

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

    function testInventedNodesAndLeavesProveNothing(SumTree.Node memory left, SumTree.Node memory right, uint256 sum, uint8 index)
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
        vm.prank(settler);
        anchor.propose(AttributionAnchor.Proposal(pool, 1, 0, 0, 0, root.hash, root.sum, "bundle"));
        wins();
        anchor.challengeNode(
            pool,
            1,
            AttributionAnchor.Tree.Payouts,
            AttributionAnchor.NodeEvidence(levels[0][0], levels[0][1], lie, TreeBuilder.prove(levels, 1, 0))
        );
        won();
    }

    // What only people can see

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
