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
        fund(worker, 100 ether, address(escrow));
    }

    function awarded(uint32 attempt, uint256 amount) private returns (bytes32) {
        vm.prank(builder);
        return escrow.fund("job", "lot", worker, attempt, amount, deadline);
    }

    function taken(uint32 attempt, uint256 amount) private returns (bytes32 id) {
        id = awarded(attempt, amount);
        vm.prank(worker);
        escrow.take(id);
    }

    function delivered(uint32 attempt, uint256 amount) private returns (bytes32 id) {
        id = taken(attempt, amount);
        vm.prank(worker);
        escrow.deliver(id, "cid", "log");
    }

    function refused(uint32 attempt, uint256 amount) private returns (bytes32 id) {
        id = delivered(attempt, amount);
        vm.prank(builder);
        escrow.refuse(id);
    }

    function stateOf(bytes32 id) private view returns (uint256) {
        return uint256(escrow.escrowOf(id).state);
    }

    function wrongState() private {
        vm.expectPartialRevert(JobEscrow.WrongState.selector);
    }

    function testTheWorkerIsPaidAndItsDepositComesBack(uint256 amount) public {
        amount = within(amount, 1, 1000 ether);
        bytes32 id = delivered(0, amount);
        same(id, escrow.idOf(builder, "job", "lot", worker, 0), "id");
        same(token.balanceOf(worker), 100 ether - amount / 10, "a tenth of the price is at stake");
        same(escrow.escrowOf(id).delivery, keccak256(abi.encode("cid", bytes32("log"))), "what was delivered");
        vm.prank(worker);
        registry.setPayout(stranger);
        vm.prank(builder);
        escrow.release(id);
        same(token.balanceOf(stranger), amount, "to the payout address");
        same(token.balanceOf(worker), 100 ether, "deposit");
        same(token.balanceOf(builder), 1000 ether - amount, "price");
        wrongState();
        vm.prank(builder);
        escrow.release(id);
    }

    function testTheBuildersWordReleasesByAnyHand() public {
        bytes32 id = delivered(0, 10 ether);
        bytes memory signature = release(BUILDER, id, worker, 10 ether);
        bytes memory forged = release(WORKER, id, worker, 10 ether);
        vm.expectPartialRevert(JobEscrow.NotTheWorker.selector);
        escrow.releaseFor(Statements.Release(id, stranger, 10 ether), signature);
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        escrow.releaseFor(Statements.Release(id, worker, 10 ether), forged);
        vm.expectPartialRevert(JobEscrow.MoreThanFunded.selector);
        escrow.releaseFor(Statements.Release(id, worker, 10 ether + 1), signature);
        vm.prank(stranger);
        escrow.releaseFor(Statements.Release(id, worker, 10 ether), signature);
        same(token.balanceOf(worker), 110 ether, "paid");
        wrongState();
        escrow.releaseFor(Statements.Release(id, worker, 10 ether), signature);
    }

    function testLessThanThePriceIsReleasedByTheWorkersOwnHandAlone(uint256 paid) public {
        bytes32 id = delivered(0, 10 ether);
        paid = within(paid, 0, 10 ether - 1);
        bytes memory signature = release(BUILDER, id, worker, paid);
        vm.expectPartialRevert(JobEscrow.LessThanFunded.selector);
        vm.prank(builder);
        escrow.releaseFor(Statements.Release(id, worker, paid), signature);
        vm.prank(worker);
        escrow.releaseFor(Statements.Release(id, worker, paid), signature);
        same(token.balanceOf(worker), 100 ether + paid, "what it agreed to");
        same(token.balanceOf(builder), 1000 ether - paid, "rest");
    }

    function testOnlyTheBuilderReleasesAndRefuses() public {
        bytes32 id = delivered(0, 10 ether);
        vm.expectPartialRevert(JobEscrow.NotTheBuilder.selector);
        vm.prank(worker);
        escrow.release(id);
        vm.expectPartialRevert(JobEscrow.NotTheBuilder.selector);
        vm.prank(stranger);
        escrow.refuse(id);
    }

    function testOnlyTheWorkerTakesAndDeliversInTime() public {
        bytes32 id = awarded(0, 10 ether);
        vm.expectPartialRevert(JobEscrow.NotTheWorker.selector);
        vm.prank(stranger);
        escrow.take(id);
        wrongState();
        vm.prank(worker);
        escrow.deliver(id, "cid", "log"); // what nobody took
        vm.prank(worker);
        escrow.take(id);
        vm.expectPartialRevert(JobEscrow.NotTheWorker.selector);
        vm.prank(builder);
        escrow.deliver(id, "cid", "log");
        vm.expectPartialRevert(JobEscrow.NoDelivery.selector);
        vm.prank(worker);
        escrow.deliver(id, "", "log");
        vm.warp(deadline);
        vm.expectPartialRevert(JobEscrow.DeadlinePassed.selector);
        vm.prank(worker);
        escrow.deliver(id, "cid", "log");
        vm.warp(deadline - 10);
        bytes32 second = awarded(1, 10 ether);
        vm.warp(deadline);
        vm.expectPartialRevert(JobEscrow.DeadlinePassed.selector);
        vm.prank(worker);
        escrow.take(second);
    }

    function testABuilderCannotTakeDeliveryAndMoney() public {
        bytes32 id = delivered(0, 10 ether);
        bytes memory consent = release(WORKER, id, worker, 0); // also not with a word that it got before
        vm.startPrank(builder);
        wrongState();
        escrow.refund(id);
        wrongState();
        escrow.refundWithConsent(id, consent);
        vm.warp(deadline);
        wrongState();
        escrow.refund(id);
        vm.stopPrank();
        same(token.balanceOf(builder), 990 ether, "nothing came back");
    }

    function testASilentBuilderPays() public {
        bytes32 id = delivered(0, 10 ether);
        vm.warp(block.timestamp + DECIDE - 1);
        vm.expectPartialRevert(JobEscrow.StillDeciding.selector);
        escrow.settle(id);
        vm.warp(block.timestamp + 1);
        vm.expectPartialRevert(JobEscrow.DeadlinePassed.selector);
        vm.prank(builder);
        escrow.refuse(id); // too late to say no
        vm.prank(stranger);
        escrow.settle(id);
        same(token.balanceOf(worker), 110 ether, "price and deposit");
    }

    function testABuilderHasUntilTheDeadlineToDecide() public {
        deadline = uint64(block.timestamp) + 9 days;
        bytes32 id = delivered(0, 10 ether);
        vm.warp(deadline - 1);
        vm.expectPartialRevert(JobEscrow.StillDeciding.selector);
        escrow.settle(id);
        vm.warp(deadline);
        escrow.settle(id);
    }

    function testWhoTakesAnAwardAndBringsNothingLosesItsDeposit() public {
        bytes32 id = taken(0, 10 ether);
        uint256 supply = token.totalSupply();
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
        same(token.balanceOf(builder), 1000 ether, "the price and no more");
        same(token.balanceOf(worker), 99 ether, "the deposit is gone");
        same(supply - token.totalSupply(), 1 ether, "it is burnt");
    }

    function testWhoGivesAnAwardBackByItselfLosesItsDepositToo() public {
        bytes32 id = taken(0, 10 ether);
        vm.prank(worker);
        escrow.refund(id);
        same(token.balanceOf(builder), 1000 ether, "price");
        same(token.balanceOf(worker), 99 ether, "deposit");
    }

    function testWhatNobodyTookGoesBackAtOnce() public {
        bytes32 id = awarded(0, 10 ether);
        vm.prank(builder);
        escrow.refund(id);
        same(token.balanceOf(builder), 1000 ether, "back");
        wrongState();
        vm.prank(worker);
        escrow.take(id);
    }

    function testTheyPartInPeaceByBothWords() public {
        bytes32 first = taken(0, 10 ether);
        bytes32 second = taken(1, 10 ether);
        bytes memory consent = release(WORKER, second, worker, 0);
        bytes memory forFirst = release(WORKER, first, worker, 0);
        vm.expectPartialRevert(JobEscrow.NotTheBuilder.selector);
        vm.prank(worker);
        escrow.refundWithConsent(second, consent); // its own word alone saves no deposit
        vm.startPrank(builder);
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        escrow.refundWithConsent(second, forFirst);
        escrow.refundWithConsent(second, consent);
        vm.stopPrank();
        same(token.balanceOf(builder), 990 ether, "price");
        same(token.balanceOf(worker), 99 ether, "the other deposit");
    }

    function testWhatIsRefusedIsNobodysAndBurntInTheEnd() public {
        uint256 supply = token.totalSupply();
        bytes32 id = refused(0, 10 ether);
        vm.prank(builder);
        wrongState();
        escrow.refund(id);
        wrongState();
        escrow.settle(id);
        vm.warp(block.timestamp + escrow.REFUSED_FOR() - 1);
        vm.expectPartialRevert(JobEscrow.StillDeciding.selector);
        escrow.burn(id);
        vm.warp(block.timestamp + 1);
        escrow.burn(id);
        same(supply - token.totalSupply(), 11 ether, "price and deposit");
        same(token.balanceOf(address(escrow)), 0, "nothing is left");
        wrongState();
        escrow.burn(id);
    }

    function testABuilderMayPayWhatItHasRefused() public {
        bytes32 id = refused(0, 10 ether);
        vm.prank(builder);
        escrow.release(id);
        same(token.balanceOf(worker), 110 ether, "price and deposit");
    }

    function testAWorkerGainsNothingByGivingWay() public {
        bytes32 id = refused(0, 10 ether);
        vm.prank(worker);
        escrow.refund(id);
        same(token.balanceOf(builder), 1000 ether, "price");
        same(token.balanceOf(worker), 99 ether, "deposit"); // as if it had let it burn: nobody can press it
    }

    function testAWorkerMayGiveBackWhatItHasDelivered() public {
        bytes32 id = delivered(0, 10 ether);
        vm.prank(worker);
        escrow.refund(id);
        same(token.balanceOf(builder), 1000 ether, "price");
        same(token.balanceOf(worker), 100 ether, "deposit");
    }

    /// @dev Whatever the two do, and in whatever order: once something was delivered the builder has its price back
    /// only by the worker's own hand.
    function testNoWayLeadsFromADeliveryToTheBuildersMoney(uint8[12] calldata steps, uint32[12] calldata waits) public {
        bytes32 id = delivered(0, 10 ether);
        bytes memory consent = release(WORKER, id, worker, 0);
        bytes memory nothing = release(BUILDER, id, worker, 0);
        for (uint256 i = 0; i < 12; i++) {
            vm.warp(block.timestamp + waits[i] % 10 days);
            vm.prank(steps[i] % 2 == 0 ? builder : stranger);
            (bool done,) = address(escrow).call(
                [
                    abi.encodeCall(escrow.refund, id),
                    abi.encodeCall(escrow.refundWithConsent, (id, consent)),
                    abi.encodeCall(escrow.releaseFor, (Statements.Release(id, worker, 0), nothing)),
                    abi.encodeCall(escrow.refuse, id),
                    abi.encodeCall(escrow.burn, id),
                    abi.encodeCall(escrow.settle, id)
                ][steps[i] % 6]
            );
            done;
            same(token.balanceOf(builder), 990 ether, "the builder has nothing back");
        }
        yes(stateOf(id) != uint256(JobEscrow.State.Refunded), "never refunded");
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
