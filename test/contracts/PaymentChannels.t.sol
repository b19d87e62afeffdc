// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {PaymentChannels} from "solidity/PaymentChannels.sol";
import {StatementReader} from "solidity/StatementReader.sol";
import {Network} from "./Network.sol";

contract PaymentChannelsTest is Network {
    uint256 private constant DEPOSIT = 100 ether;
    bytes32 private datanet;
    bytes32 private model;
    bytes32 private channel;

    function setUp() public override {
        super.setUp();
        (datanet, model, channel) = servedModel(DEPOSIT);
    }

    function claim(bytes32 id, uint256 cumulative) private {
        channels.claim(id, cumulative, voucher(CLIENT, id, cumulative));
    }

    function paidOut() private view returns (uint256) {
        return token.balanceOf(worker) + token.balanceOf(builder) + token.balanceOf(address(anchor));
    }

    function testAClaimIsSplitExactly(uint256 cumulative, uint16 workerBps, uint16 builderBps) public {
        workerBps = uint16(within(workerBps, 0, 10_000));
        builderBps = uint16(within(builderBps, 0, 10_000 - workerBps));
        cumulative = within(cumulative, 1, 1000 ether);
        bytes32 id = newChannel(newModel(datanet, workerBps, builderBps, 10_000 - workerBps - builderBps), 1000 ether);
        claim(id, cumulative);
        same(token.balanceOf(worker), cumulative * workerBps / 10_000, "worker");
        same(token.balanceOf(builder), cumulative * builderBps / 10_000, "builder");
        same(paidOut(), cumulative, "all of it");
        same(anchor.poolOf(datanet).deposited, token.balanceOf(address(anchor)), "the pool has the data share");
    }

    function testWithoutADatanetTheWorkerGetsWhatRoundingLeaves(uint256 cumulative, uint16 builderBps) public {
        builderBps = uint16(within(builderBps, 0, 10_000));
        cumulative = within(cumulative, 1, 1000 ether);
        bytes32 id = newChannel(newModel(0, 10_000 - builderBps, builderBps, 0), 1000 ether);
        claim(id, cumulative);
        same(token.balanceOf(builder), cumulative * builderBps / 10_000, "builder");
        same(token.balanceOf(worker), cumulative - cumulative * builderBps / 10_000, "worker");
        same(token.balanceOf(address(anchor)), 0, "no pool");
    }

    function testOnlyTheDifferenceIsPaid(uint256 a, uint256 b, uint256 c) public {
        a = within(a, 1, DEPOSIT);
        b = within(b, 1, DEPOSIT);
        c = within(c, 1, DEPOSIT);
        uint256 highest = a;
        claim(channel, a);
        if (b > highest) claim(channel, b);
        else refusedClaim(b);
        if (b > highest) highest = b;
        if (c > highest) claim(channel, c);
        else refusedClaim(c);
        if (c > highest) highest = c;
        same(paidOut(), highest, "the highest, once");
        same(channels.channelOf(channel).claimed, highest, "claimed");
    }

    function refusedClaim(uint256 cumulative) private {
        bytes memory signature = voucher(CLIENT, channel, cumulative);
        vm.expectPartialRevert(PaymentChannels.NothingToClaim.selector);
        channels.claim(channel, cumulative, signature);
    }

    function testNothingAboveTheDepositUntilItIsToppedUp(uint256 over) public {
        over = within(over, 1, 100 ether);
        claim(channel, DEPOSIT + over);
        same(paidOut(), DEPOSIT, "the deposit");
        refusedClaim(DEPOSIT + over);
        fund(stranger, over, address(channels));
        vm.prank(stranger);
        channels.topUp(channel, over);
        claim(channel, DEPOSIT + over);
        same(paidOut(), DEPOSIT + over, "the rest of the same voucher");
        same(token.balanceOf(address(channels)), 0, "empty");
    }

    function testOnlyTheClientsVoucherOfThisChannelCounts(uint256 amount) public {
        amount = within(amount, 1, DEPOSIT);
        bytes32 second = newChannel(model, DEPOSIT);
        bytes memory others = voucher(CLIENT, second, amount);
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        channels.claim(channel, amount, others);
        bytes memory forged = voucher(WORKER, channel, amount);
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        channels.claim(channel, amount, forged);
        bytes memory less = voucher(CLIENT, channel, amount - 1);
        vm.expectPartialRevert(StatementReader.BadSignature.selector);
        channels.claim(channel, amount, less);
        vm.expectPartialRevert(PaymentChannels.UnknownChannel.selector);
        channels.claim("x", amount, less);
    }

    function testPayoutAddressesAreHonoured() public {
        vm.prank(worker);
        registry.setPayout(stranger);
        vm.prank(builder);
        registry.setPayout(challenger);
        claim(channel, 10 ether);
        same(token.balanceOf(stranger), 5 ether, "worker's");
        same(token.balanceOf(challenger), 2 ether, "builder's");
    }

    function testTheWorkerHasTheWindowToClaim(uint256 owed) public {
        owed = within(owed, 1, DEPOSIT);
        vm.prank(client);
        channels.startClose(channel);
        vm.warp(block.timestamp + DISPUTE - 1);
        vm.expectPartialRevert(PaymentChannels.NotYet.selector);
        vm.prank(client);
        channels.finishClose(channel);
        claim(channel, owed);
        vm.warp(block.timestamp + 1);
        vm.prank(client);
        same(channels.finishClose(channel), DEPOSIT - owed, "refund");
        same(token.balanceOf(client), DEPOSIT - owed, "back");
        bytes memory late = voucher(CLIENT, channel, DEPOSIT);
        vm.expectPartialRevert(PaymentChannels.ChannelIsClosed.selector);
        channels.claim(channel, DEPOSIT, late);
        vm.expectPartialRevert(PaymentChannels.ChannelIsClosed.selector);
        vm.prank(client);
        channels.finishClose(channel);
    }

    function testTheWorkerMayEndItAtOnceAndNobodyElse() public {
        vm.expectPartialRevert(PaymentChannels.NotAParty.selector);
        vm.prank(stranger);
        channels.finishClose(channel);
        vm.expectPartialRevert(PaymentChannels.NotAParty.selector);
        vm.prank(worker);
        channels.startClose(channel);
        vm.prank(worker);
        channels.finishClose(channel);
        same(token.balanceOf(client), DEPOSIT, "back to the client");
    }

    function testTheExpiryEndsItWithoutAWindow() public {
        uint64 expiry = channels.channelOf(channel).expiry;
        vm.warp(expiry - 1);
        vm.prank(client);
        channels.startClose(channel);
        vm.expectPartialRevert(PaymentChannels.NotYet.selector);
        vm.prank(client);
        channels.finishClose(channel);
        vm.warp(expiry);
        vm.prank(client);
        channels.finishClose(channel);
        same(token.balanceOf(client), DEPOSIT, "back");
    }

    function testAClosingChannelTakesNoMore() public {
        vm.prank(client);
        channels.startClose(channel);
        vm.expectPartialRevert(PaymentChannels.ChannelIsClosing.selector);
        channels.topUp(channel, 1);
        vm.expectPartialRevert(PaymentChannels.ChannelIsClosing.selector);
        vm.prank(client);
        channels.startClose(channel);
    }

    function testSenselessChannelsAreRefused() public {
        uint64 expiry = uint64(block.timestamp) + 30 days;
        vm.expectPartialRevert(PaymentChannels.ModelNotServed.selector);
        channels.open(worker, "x", 1, expiry);
        vm.expectPartialRevert(PaymentChannels.ZeroAmount.selector);
        channels.open(worker, model, 0, expiry);
        vm.expectPartialRevert(PaymentChannels.ZeroAddress.selector);
        channels.open(address(0), model, 1, expiry);
        vm.expectPartialRevert(PaymentChannels.ExpiryTooSoon.selector);
        channels.open(worker, model, 1, uint64(block.timestamp) + DISPUTE - 1);
        vm.expectPartialRevert(PaymentChannels.ExpiryTooLate.selector);
        channels.open(worker, model, 1, type(uint64).max);
        vm.prank(builder);
        models.retire(model);
        vm.expectPartialRevert(PaymentChannels.ModelNotServed.selector);
        channels.open(worker, model, 1, expiry);
        claim(channel, 1 ether); // open ones are paid as agreed
    }

    function testNoChannelIsEndless(uint64 life) public {
        life = uint64(within(life, DISPUTE, type(uint64).max - block.timestamp));
        fund(client, 1, address(channels));
        bool isTooLate = life > channels.MOST_LIFE();
        if (isTooLate) vm.expectPartialRevert(PaymentChannels.ExpiryTooLate.selector);
        vm.prank(client);
        bytes32 id = channels.open(worker, model, 1, uint64(block.timestamp) + life);
        if (!isTooLate) same(channels.channelOf(id).expiry, block.timestamp + life, "as it was asked for");
    }

    function testEveryChannelHasItsOwnId() public {
        bytes32 second = newChannel(model, DEPOSIT);
        yes(second != channel, "ids differ");
        same(channels.nonceOf(client), 2, "nonce");
    }
}

/// @dev Where every token there can be is in one channel.
contract LargestChannelTest is Network {
    bytes32 private channel;

    function setUp() public override {
        deploy(type(uint256).max);
        (,, channel) = servedModel(type(uint256).max);
    }

    function testTheLargestSumsDoNotOverflow(uint256 amount) public {
        amount = within(amount, type(uint256).max / 10_000, type(uint256).max);
        channels.claim(channel, amount, voucher(CLIENT, channel, amount));
        same(token.balanceOf(worker), amount / 2, "half is the worker's");
        uint256 others = token.balanceOf(builder) + token.balanceOf(address(anchor));
        same(others, amount - amount / 2, "the rest is the others'");
    }
}
