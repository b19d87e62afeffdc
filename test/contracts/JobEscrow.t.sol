// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {JobEscrow} from "solidity/JobEscrow.sol";
import {StatementReader} from "solidity/StatementReader.sol";
import {Statements} from "solidity/Statements.sol";
import {Network} from "./Network.sol";

contract JobEscrowTest is Network {
    uint64 private deadline;

    function setUp() public override {
        super.setUp();
        deadline = uint64(block.timestamp) + 1 hours;
        fund(builder, 1000 ether, address(escrow));
    }

    function awarded(uint32 attempt, uint256 amount) private returns (bytes32) {
        vm.prank(builder);
        return escrow.fund("job", "lot", worker, attempt, amount, deadline);
    }

    function testTheWorkerIsPaidAndTheRestComesBack(uint256 amount, uint256 paid) public {
        amount = within(amount, 1, 1000 ether);
        paid = within(paid, 0, amount);
        bytes32 id = awarded(0, amount);
        same(id, escrow.idOf(builder, "job", "lot", worker, 0), "id");
        vm.prank(worker);
        registry.setPayout(stranger);
        vm.prank(builder);
        escrow.release(id, paid);
        same(token.balanceOf(stranger), paid, "to the payout address");
        same(token.balanceOf(builder), 1000 ether - paid, "rest");
        vm.expectPartialRevert(JobEscrow.NotFunded.selector);
        vm.prank(builder);
        escrow.release(id, 0);
    }

    function testTheBuildersWordReleasesByAnyHand(uint256 paid) public {
        bytes32 id = awarded(0, 10 ether);
        paid = within(paid, 0, 10 ether);
        bytes memory signature = release(BUILDER, id, worker, paid);
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        escrow.releaseFor(Statements.Release(id, worker, paid + 1), signature);
        vm.expectPartialRevert(JobEscrow.NotTheWorker.selector);
        escrow.releaseFor(Statements.Release(id, stranger, paid), signature);
        bytes memory forged = release(WORKER, id, worker, paid);
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        escrow.releaseFor(Statements.Release(id, worker, paid), forged);
        vm.prank(stranger);
        escrow.releaseFor(Statements.Release(id, worker, paid), signature);
        same(token.balanceOf(worker), paid, "paid");
        vm.expectPartialRevert(JobEscrow.NotFunded.selector);
        escrow.releaseFor(Statements.Release(id, worker, paid), signature);
    }

    function testNoMoreThanFundedIsReleased() public {
        bytes32 id = awarded(0, 10 ether);
        vm.expectPartialRevert(JobEscrow.MoreThanFunded.selector);
        vm.prank(builder);
        escrow.release(id, 10 ether + 1);
        bytes memory generous = release(BUILDER, id, worker, 11 ether);
        vm.expectPartialRevert(JobEscrow.MoreThanFunded.selector);
        escrow.releaseFor(Statements.Release(id, worker, 11 ether), generous);
    }

    function testOnlyTheBuilderReleases() public {
        bytes32 id = awarded(0, 10 ether);
        vm.expectPartialRevert(JobEscrow.NotTheBuilder.selector);
        vm.prank(worker);
        escrow.release(id, 10 ether);
    }

    function testTheBuilderWaitsForTheDeadline() public {
        bytes32 id = awarded(0, 10 ether);
        vm.warp(deadline - 1);
        vm.expectPartialRevert(JobEscrow.DeadlineNotOver.selector);
        vm.prank(builder);
        escrow.refund(id);
        vm.expectPartialRevert(JobEscrow.NotTheBuilder.selector);
        vm.prank(stranger);
        escrow.refund(id);
        vm.warp(deadline);
        vm.prank(builder);
        escrow.refund(id);
        same(token.balanceOf(builder), 1000 ether, "back");
        vm.expectPartialRevert(JobEscrow.NotFunded.selector);
        vm.prank(builder);
        escrow.refund(id);
    }

    function testTheWorkerGivesBackAtOnceByHandOrByWord() public {
        bytes32 first = awarded(0, 10 ether);
        vm.prank(worker);
        escrow.refund(first);
        bytes32 second = awarded(1, 10 ether);
        bytes memory consent = release(WORKER, second, worker, 0);
        bytes memory forFirst = release(WORKER, first, worker, 0);
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        escrow.refundWithConsent(second, forFirst);
        escrow.refundWithConsent(second, consent);
        same(token.balanceOf(builder), 1000 ether, "back");
    }

    function testOneAwardOneEscrowAndNobodySquats() public {
        awarded(0, 1);
        vm.expectPartialRevert(JobEscrow.AlreadyFunded.selector);
        awarded(0, 1);
        fund(stranger, 1, address(escrow));
        vm.prank(stranger);
        escrow.fund("job", "lot", worker, 1, 1, deadline);
        awarded(1, 1); // a stranger's escrow of the same award is another
    }

    function testSenselessAwardsAreRefused() public {
        vm.expectPartialRevert(JobEscrow.ZeroAmount.selector);
        awarded(0, 0);
        vm.expectPartialRevert(JobEscrow.ZeroAddress.selector);
        vm.prank(builder);
        escrow.fund("job", "lot", address(0), 0, 1, deadline);
        vm.expectPartialRevert(JobEscrow.DeadlinePassed.selector);
        vm.prank(builder);
        escrow.fund("job", "lot", worker, 0, 1, uint64(block.timestamp));
        vm.expectRevert();
        awarded(0, 1001 ether); // more than the builder has
    }
}
