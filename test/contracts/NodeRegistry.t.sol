// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {NodeRegistry} from "solidity/NodeRegistry.sol";
import {Network} from "./Network.sol";

contract NodeRegistryTest is Network {
    function testEarningsGoToTheNodeUntilItSaysOtherwise() public {
        same(registry.payoutOf(worker), worker, "itself");
        vm.prank(worker);
        registry.setPayout(stranger);
        same(registry.payoutOf(worker), stranger, "as set");
        vm.expectPartialRevert(NodeRegistry.ZeroAddress.selector);
        vm.prank(worker);
        registry.setPayout(address(0));
    }

    function testStakeComesBackAfterTheDelayOnly(uint256 amount, uint256 out) public {
        amount = within(amount, 1, SUPPLY);
        out = within(out, 1, amount);
        staked(worker, amount);
        vm.prank(worker);
        registry.requestUnbond(out);
        same(registry.stakeOf(worker), amount - out, "stake");
        vm.warp(block.timestamp + UNBOND - 1);
        vm.expectPartialRevert(NodeRegistry.StillBonded.selector);
        vm.prank(worker);
        registry.withdraw();
        vm.warp(block.timestamp + 1);
        vm.prank(worker);
        registry.withdraw();
        same(token.balanceOf(worker), out, "back");
        same(token.balanceOf(address(registry)), amount - out, "kept");
        vm.expectPartialRevert(NodeRegistry.ZeroAmount.selector);
        vm.prank(worker);
        registry.withdraw();
    }

    function testNoMoreComesOutThanWentIn() public {
        staked(worker, 10);
        vm.expectPartialRevert(NodeRegistry.NotEnoughStake.selector);
        vm.prank(worker);
        registry.requestUnbond(11);
        vm.expectPartialRevert(NodeRegistry.ZeroAmount.selector);
        vm.prank(worker);
        registry.requestUnbond(0);
        vm.expectPartialRevert(NodeRegistry.ZeroAmount.selector);
        registry.stake(0);
    }

    function testOnlyNamedContractsSlash() public {
        staked(worker, 10 ether);
        vm.expectPartialRevert(NodeRegistry.NotASlasher.selector);
        registry.slash(worker, stranger);
    }

    function testNobodyCanNameSlashersAnyMore() public {
        vm.expectRevert();
        registry.authorise(stranger);
        same(registry.owner(), address(0), "owner");
    }

    function testSlashingReachesWhatIsOnItsWayOut(uint256 amount, uint256 out) public {
        amount = within(amount, 1, SUPPLY / 2);
        out = within(out, 1, amount);
        staked(worker, amount);
        vm.prank(worker);
        registry.requestUnbond(out);
        vm.prank(address(datanets));
        uint256 taken = registry.slash(worker, challenger);
        same(taken, amount, "all of it");
        same(token.balanceOf(challenger), amount / 2, "reporter");
        same(token.totalSupply(), SUPPLY - (amount - amount / 2), "burnt");
        same(token.balanceOf(address(registry)), 0, "nothing left");
        vm.expectPartialRevert(NodeRegistry.NothingAtStake.selector);
        vm.prank(address(datanets));
        registry.slash(worker, challenger);
    }
}
