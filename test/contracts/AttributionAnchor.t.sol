// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AttributionAnchor} from "solidity/AttributionAnchor.sol";
import {NodeRegistry} from "solidity/NodeRegistry.sol";
import {Rounds} from "solidity/Rounds.sol";
import {SumTree} from "solidity/SumTree.sol";
import {Network} from "./Network.sol";
import {TreeBuilder, TreeReader} from "./TreeBuilder.sol";

/// @dev Epochs without fraud: order, totals, bond, cumulative claims.
contract AttributionAnchorTest is Network {
    bytes32 private constant POOL = keccak256("pool");
    address[] private accounts;
    TreeReader private trees = new TreeReader();

    function setUp() public override {
        super.setUp();
        staked(settler, MIN_STAKE);
        fund(settler, 10 * BOND, address(anchor));
        token.approve(address(anchor), type(uint256).max);
        anchor.deposit(POOL, 1000 ether);
        for (uint256 i = 0; i < 5; i++) accounts.push(vm.addr(0xC000 + i));
    }

    function tree(uint256[5] memory sums) private view returns (SumTree.Node[][] memory) {
        SumTree.Node[] memory leaves = new SumTree.Node[](5);
        for (uint256 i = 0; i < 5; i++) leaves[i] = TreeBuilder.leafNode(keccak256(abi.encode(accounts[i])), sums[i]);
        return TreeBuilder.build(leaves);
    }

    function proposal(uint32 epoch, SumTree.Node memory payouts)
        private
        pure
        returns (AttributionAnchor.Proposal memory)
    {
        return AttributionAnchor.Proposal(POOL, epoch, 0, 0, 0, payouts.hash, payouts.sum, "bundle");
    }

    function settle(uint32 epoch, SumTree.Node[][] memory levels) private {
        proposed(settler, proposal(epoch, TreeBuilder.root(levels)));
        vm.warp(block.timestamp + CHALLENGE);
        anchor.finalize(POOL, epoch);
    }

    function split(uint256 seed, uint256 least, uint256 most) private pure returns (uint256[5] memory sums) {
        for (uint256 i = 0; i < 5; i++) sums[i] = within(uint256(keccak256(abi.encode(seed, i))), least, most);
    }

    function testEveryoneGetsTheirLeafOnce(uint256 seed) public {
        uint256[5] memory sums = split(seed, 1, 200 ether);
        SumTree.Node[][] memory levels = tree(sums);
        settle(1, levels);
        same(token.balanceOf(settler), 10 * BOND, "bond is back");
        for (uint256 i = 0; i < 5; i++) {
            SumTree.Proof memory proof = TreeBuilder.prove(levels, 0, i);
            same(anchor.claim(POOL, accounts[i], sums[i], proof), sums[i], "paid");
            same(token.balanceOf(accounts[i]), sums[i], "balance");
            vm.expectPartialRevert(AttributionAnchor.NothingToClaim.selector);
            anchor.claim(POOL, accounts[i], sums[i], proof);
        }
        same(anchor.poolOf(POOL).paid, TreeBuilder.root(levels).sum, "paid in all");
    }

    function testNobodyGetsMoreThanTheirLeaf(uint256 seed, uint256 amount, uint8 who, uint8 whose) public {
        uint256[5] memory sums = split(seed, 1, 200 ether);
        SumTree.Node[][] memory levels = tree(sums);
        settle(1, levels);
        (who, whose) = (who % 5, whose % 5);
        if (who == whose && amount == sums[who]) amount++;
        SumTree.Proof memory proof = TreeBuilder.prove(levels, 0, whose);
        vm.expectPartialRevert(AttributionAnchor.NotInTree.selector);
        anchor.claim(POOL, accounts[who], amount, proof);
    }

    function testSkippedEpochsLoseNothing(uint256 seed) public {
        uint256[5] memory first = split(seed, 1, 50 ether);
        SumTree.Node[][] memory one = tree(first);
        settle(1, one);
        anchor.claim(POOL, accounts[0], first[0], TreeBuilder.prove(one, 0, 0));
        uint256[5] memory second = split(seed, 51 ether, 200 ether);
        SumTree.Node[][] memory two = tree(second);
        settle(2, two);
        for (uint256 i = 0; i < 5; i++) anchor.claim(POOL, accounts[i], second[i], TreeBuilder.prove(two, 0, i));
        for (uint256 i = 0; i < 5; i++) {
            same(token.balanceOf(accounts[i]), second[i], "all of both epochs");
            same(anchor.claimedBy(POOL, accounts[i]), second[i], "and on record");
            SumTree.Proof memory proof = TreeBuilder.prove(two, 0, i);
            vm.expectPartialRevert(AttributionAnchor.NothingToClaim.selector);
            anchor.claim(POOL, accounts[i], second[i], proof);
        }
        vm.expectPartialRevert(AttributionAnchor.NotInTree.selector);
        anchor.claim(POOL, accounts[1], first[1], TreeBuilder.prove(one, 0, 1));
    }

    function testATreeThatDividesPaidMoneyAnewPaysNoMoreThanItsTotal() public {
        SumTree.Node[][] memory one = tree([uint256(100 ether), 0, 0, 0, 0]);
        settle(1, one);
        anchor.claim(POOL, accounts[0], 100 ether, TreeBuilder.prove(one, 0, 0));
        SumTree.Node[][] memory two = tree([uint256(0), 100 ether, 0, 0, 0]);
        settle(2, two);
        SumTree.Proof memory proof = TreeBuilder.prove(two, 0, 1);
        vm.expectPartialRevert(AttributionAnchor.BeyondTotal.selector);
        anchor.claim(POOL, accounts[1], 100 ether, proof);
    }

    function testPoolsDoNotPayForOneAnother() public {
        bytes32 other = keccak256("other");
        anchor.deposit(other, 10 ether);
        AttributionAnchor.Proposal memory p = proposal(1, SumTree.Node("x", 11 ether));
        p.pool = other;
        vm.expectPartialRevert(AttributionAnchor.TotalOutOfRange.selector);
        vm.prank(settler);
        anchor.propose(p);
    }

    function testTotalsNeitherFallNorExceedThePool() public {
        settle(1, tree([uint256(1), 2, 3, 4, 5]));
        vm.startPrank(settler);
        vm.expectPartialRevert(AttributionAnchor.TotalOutOfRange.selector);
        anchor.propose(proposal(2, SumTree.Node("x", 14)));
        vm.expectPartialRevert(AttributionAnchor.TotalOutOfRange.selector);
        anchor.propose(proposal(2, SumTree.Node("x", 1000 ether + 1)));
        vm.expectPartialRevert(Rounds.EmptyTreeWithTotal.selector);
        anchor.propose(proposal(2, SumTree.Node(0, 20)));
        vm.stopPrank();
        proposed(settler, proposal(2, SumTree.Node("x", 15)));
    }

    function testEpochsFollowOneAnother() public {
        vm.expectPartialRevert(Rounds.EpochOutOfOrder.selector);
        vm.prank(settler);
        anchor.propose(proposal(2, SumTree.Node("x", 1)));
        proposed(settler, proposal(1, SumTree.Node("x", 1)));
        vm.startPrank(settler);
        vm.expectPartialRevert(AttributionAnchor.AlreadyProposed.selector);
        anchor.propose(proposal(1, SumTree.Node("y", 1)));
        vm.expectPartialRevert(AttributionAnchor.WindowOpen.selector);
        anchor.finalize(POOL, 1);
        vm.warp(block.timestamp + CHALLENGE);
        anchor.finalize(POOL, 1);
        vm.expectPartialRevert(AttributionAnchor.NotPending.selector);
        anchor.finalize(POOL, 1);
        vm.expectPartialRevert(Rounds.EpochOutOfOrder.selector);
        anchor.propose(proposal(1, SumTree.Node("x", 1)));
    }

    function testProposersAreStakedAndPostABond() public {
        fund(stranger, BOND, address(anchor));
        Rounds.Anchoring memory a = anchoring(proposal(1, SumTree.Node("x", 1)));
        vm.expectPartialRevert(NodeRegistry.NotEnoughStake.selector);
        vm.prank(stranger);
        anchor.anchorReceipts(a);
        staked(stranger, MIN_STAKE);
        proposed(stranger, proposal(1, SumTree.Node("x", 1)));
        same(token.balanceOf(stranger), 0, "bond is posted");
        vm.prank(settler);
        vm.expectPartialRevert(Rounds.BundleLength.selector);
        AttributionAnchor.Proposal memory p = proposal(1, SumTree.Node("x", 1));
        (p.pool, p.payoutsTotal, p.bundle) = (keccak256("other"), 0, "");
        anchor.propose(p);
    }

    function testPayoutAddressesAreHonoured() public {
        SumTree.Node[][] memory levels = tree([uint256(7), 0, 0, 0, 0]);
        settle(1, levels);
        vm.prank(accounts[0]);
        registry.setPayout(stranger);
        anchor.claim(POOL, accounts[0], 7, TreeBuilder.prove(levels, 0, 0));
        same(token.balanceOf(stranger), 7, "paid");
    }

    function testBeforeTheFirstEpochNothingIsPaid() public {
        SumTree.Node[][] memory levels = tree([uint256(7), 0, 0, 0, 0]);
        proposed(settler, proposal(1, TreeBuilder.root(levels)));
        SumTree.Proof memory proof = TreeBuilder.prove(levels, 0, 0);
        vm.expectPartialRevert(AttributionAnchor.NothingFinal.selector);
        anchor.claim(POOL, accounts[0], 7, proof);
    }

    function testAPathThatWrapsProvesNothing(uint256 over) public view {
        over = within(over, 0, 1000 ether);
        SumTree.Node[] memory leaves = new SumTree.Node[](2);
        leaves[0] = TreeBuilder.leafNode("a", type(uint256).max);
        leaves[1] = TreeBuilder.leafNode("b", over + 1);
        SumTree.Node[][] memory levels = TreeBuilder.build(leaves);
        SumTree.Node memory root = TreeBuilder.root(levels);
        same(root.sum, over, "wrapped");
        yes(!trees.contains(root, leaves[0], TreeBuilder.prove(levels, 0, 0)), "the large leaf");
        yes(!trees.contains(root, leaves[1], TreeBuilder.prove(levels, 0, 1)), "the small leaf");
    }

    /// @notice Whatever sums a hostile builder states inside a tree, what can be proven under its root adds up to the
    /// root's total at most.
    function testProvableLeavesNeverExceedTheTotal(uint256 seed, uint8 level, uint8 place, uint256 lie) public view {
        SumTree.Node[] memory leaves = new SumTree.Node[](8);
        uint256[8] memory sums;
        for (uint256 i = 0; i < 8; i++) {
            sums[i] = uint256(keccak256(abi.encode(seed, i))) >> 8;
            leaves[i] = TreeBuilder.leafNode(keccak256(abi.encode(i)), sums[i]);
        }
        level = uint8(within(level, 0, 3));
        place = uint8(within(place, 0, (8 >> level) - 1));
        SumTree.Node[][] memory levels = TreeBuilder.buildWith(leaves, level, place, lie);
        SumTree.Node memory root = TreeBuilder.root(levels);
        uint256 provable = 0;
        for (uint256 i = 0; i < 8; i++) {
            SumTree.Node memory leaf = SumTree.Node(leaves[i].hash, sums[i]);
            if (trees.contains(root, leaf, TreeBuilder.prove(levels, 0, i))) provable += sums[i];
        }
        yes(provable <= root.sum, "no more than the total");
    }
}
