// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AttributionAnchor} from "solidity/AttributionAnchor.sol";
import {Rounds} from "solidity/Rounds.sol";
import {DatanetRegistry} from "solidity/DatanetRegistry.sol";
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
        registry.slash(worker, 1, stranger);
        vm.expectPartialRevert(NodeRegistry.NotASlasher.selector);
        registry.lock(worker, 1);
        vm.expectPartialRevert(NodeRegistry.NotASlasher.selector);
        registry.unlock(worker, 1);
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
        uint256 taken = registry.slash(worker, type(uint256).max, challenger);
        same(taken, amount, "all of it");
        same(token.balanceOf(challenger), amount / 10, "reporter");
        same(token.totalSupply(), SUPPLY - (amount - amount / 10), "burnt");
        same(token.balanceOf(address(registry)), 0, "nothing left");
        vm.prank(address(datanets));
        same(registry.slash(worker, type(uint256).max, challenger), 0, "nothing more");
    }

    function testWhoReportsItselfGetsNothing(uint256 amount) public {
        amount = within(amount, 1, SUPPLY / 2);
        staked(worker, amount);
        vm.prank(address(datanets));
        registry.slash(worker, amount, worker);
        same(token.balanceOf(worker), 0, "by its own name");
        staked(worker, amount);
        vm.prank(stranger);
        registry.setPayout(worker);
        vm.prank(address(datanets));
        registry.slash(worker, amount, stranger);
        same(token.balanceOf(stranger) + token.balanceOf(worker), 0, "by another name that pays it");
    }

    function testNobodyTakesTheFindersPartByNamingIt(uint256 amount) public {
        amount = within(amount, 10, SUPPLY);
        staked(worker, amount);
        vm.prank(worker); // it has seen who is about to show it
        registry.setPayout(challenger);
        vm.prank(address(datanets));
        registry.slash(worker, amount, challenger);
        same(token.balanceOf(challenger), amount / 10, "a tenth all the same");
    }

    function testWhatIsLockedDoesNotBeginToLeave(uint256 amount, uint256 held) public {
        amount = within(amount, 2, SUPPLY);
        held = within(held, 1, amount - 1);
        staked(worker, amount);
        vm.prank(address(anchor));
        registry.lock(worker, held);
        vm.expectPartialRevert(NodeRegistry.NotEnoughStake.selector);
        vm.prank(address(anchor));
        registry.lock(worker, amount - held + 1);
        vm.expectPartialRevert(NodeRegistry.NotEnoughStake.selector);
        vm.prank(worker);
        registry.requestUnbond(amount - held + 1);
        vm.prank(worker);
        registry.requestUnbond(amount - held);
        vm.prank(address(anchor));
        registry.unlock(worker, held);
        vm.prank(worker);
        registry.requestUnbond(held);
        vm.prank(address(anchor));
        registry.unlock(worker, held); // once more takes nothing from anybody
        same(registry.lockedOf(worker), 0, "free");
    }

    function testNothingIsDeployedWhoseWindowsOutlastUnbonding() public {
        NodeRegistry short = new NodeRegistry(token, 7 days, MIN_STAKE);
        vm.expectPartialRevert(DatanetRegistry.UnbondingTooShort.selector);
        new DatanetRegistry(short, SILENCE);
        vm.expectPartialRevert(Rounds.UnbondingTooShort.selector);
        new AttributionAnchor(registry, models, channels, windows(UNBOND / 2), BOND);
    }
}
