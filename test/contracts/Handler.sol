// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AttributionAnchor} from "solidity/AttributionAnchor.sol";
import {ContributionBonds} from "solidity/ContributionBonds.sol";
import {JobEscrow} from "solidity/JobEscrow.sol";
import {PaymentChannels} from "solidity/PaymentChannels.sol";
import {Rounds} from "solidity/Rounds.sol";
import {Statements} from "solidity/Statements.sol";
import {SumTree} from "solidity/SumTree.sol";
import {Network} from "./Network.sol";
import {TreeBuilder} from "./TreeBuilder.sol";

/// @dev Does to the contracts whatever forge draws, in the names of a few people, and remembers what ought to be.
/// Calls that the contracts refuse are part of it.
contract Handler is Network {
    using Statements for Statements.Vote;
    using Statements for Statements.Commitment;
    using Statements for Statements.Receipt;

    uint256[4] private keys = [BUILDER, WORKER, CLIENT, SETTLER];
    bytes32 public pool;
    bytes32 public tuned;
    bytes32 public base;
    bytes32 public contribution;

    bytes32[] public escrows;
    bytes32[] public opened;
    bytes32[] private bonded;
    /// @notice The highest leaf an account ever had in a final epoch of the pool.
    mapping(address account => uint256) public bestLeaf;
    uint256[4] private leaves;
    SumTree.Node[4] private proposedLeaves;
    bool private proposedIsFraud;
    uint256 public burntByRule;
    /// @notice Bonds of vetoed proposals that nobody has settled yet, and what those proposals stated.
    uint256 public heldBonds;
    bytes32[] private vetoedContents;
    uint32[] private vetoedEpochs;
    uint256 public deepest;
    uint64 private sequence;
    uint256 private salts;
    Statements.Receipt private forgedReceipt;

    constructor() {
        deploy(SUPPLY);
        pool = newDatanet("rules");
        anchorNext(pool, 1);
        tuned = newModel(pool, 5001, 1999, 3000);
        base = newModel(0, 8000, 2000, 0);
        for (uint256 i = 0; i < 4; i++) {
            address one = vm.addr(keys[i]);
            token.transfer(one, 10_000 ether);
            vm.startPrank(one);
            token.approve(address(registry), type(uint256).max);
            token.approve(address(escrow), type(uint256).max);
            token.approve(address(channels), type(uint256).max);
            token.approve(address(anchor), type(uint256).max);
            token.approve(address(bonds), type(uint256).max);
            vm.stopPrank();
        }
        staked(validator, MIN_STAKE);
        for (uint256 i = 1; i < 4; i += 2) {
            vm.prank(vm.addr(keys[i])); // the worker and the settler propose epochs
            registry.stake(MIN_STAKE);
        }
    }

    function everything() external view returns (address[9] memory contracts_, address[6] memory people_) {
        contracts_ = [
            address(token), address(registry), address(datanets), address(models), address(escrow), address(channels),
            address(anchor), address(this), address(bonds)
        ];
        people_ = [vm.addr(keys[0]), vm.addr(keys[1]), vm.addr(keys[2]), vm.addr(keys[3]), validator, stranger];
    }

    function who(uint256 seed) private view returns (address) {
        return vm.addr(keys[seed % 4]);
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + within(time, 1, 9 days));
        vm.roll(block.number + within(time, 1, 300));
    }

    // Stakes

    function stake(uint256 seed, uint256 amount) external {
        vm.prank(who(seed));
        registry.stake(within(amount, 0, 500 ether));
    }

    function unbond(uint256 seed, uint256 amount) external {
        vm.prank(who(seed));
        registry.requestUnbond(within(amount, 0, 600 ether));
    }

    function withdraw(uint256 seed) external {
        vm.prank(who(seed));
        registry.withdraw();
    }

    function setPayout(uint256 seed, uint256 to) external {
        vm.prank(who(seed));
        registry.setPayout(who(to));
    }

    /// @dev A validator, the host, stakes, votes twice and is reported.
    function voteTwice(uint256 amount) external {
        amount = within(amount, 1, 100 ether);
        bytes32 word = keccak256(abi.encode(salts++));
        (bytes32 id,) = committed(pool, CONTRIBUTOR, word);
        staked(host, amount);
        Statements.Vote memory a = Statements.Vote(id, host, true, "o", "s");
        Statements.Vote memory b = Statements.Vote(id, host, false, "o", "s");
        bytes memory signA = signed(HOST, a.hash());
        bytes memory signB = signed(HOST, b.hash());
        vm.prank(stranger);
        uint256 taken = datanets.reportDoubleVote(a, signA, b, signB);
        burntByRule += taken - taken / 10;
    }

    // Bonds of contributions

    function bond(uint256 seed, uint256 amount, uint64 lasts) external {
        uint256 key = keys[seed % 4];
        Statements.Commitment memory c = committing(pool, vm.addr(key), keccak256(abi.encode(salts++)));
        (c.bond, c.bondSeconds) = (within(amount, 0, 50 ether), uint64(within(lasts, 0, 70 days)));
        (bytes32 id,) = committed(key, c);
        bonded.push(id);
    }

    function callSpam(uint256 seed, bool whole) external {
        bytes32 id = bonded[seed % bonded.length];
        vm.prank(whole ? validator : who(seed)); // three of four, or nobody of the roster
        bonds.callSpam(id);
        burntByRule += bonds.bondOf(id).amount;
    }

    function giveBack(uint256 seed) external {
        bonds.giveBack(bonded[seed % bonded.length]);
    }

    function heldForContributions() external view returns (uint256 open_) {
        for (uint256 i = 0; i < bonded.length; i++) {
            if (bonds.bondOf(bonded[i]).state == ContributionBonds.State.Open) open_ += bonds.bondOf(bonded[i]).amount;
        }
        same(bonds.held(), open_, "what it says it holds");
    }

    // Escrow

    function award(uint32 attempt, uint256 amount) external {
        vm.prank(builder);
        escrows.push(
            escrow.fund("job", "lot", worker, attempt, within(amount, 0, 200 ether), uint64(block.timestamp) + 1 hours)
        );
    }

    function releaseSome(uint256 seed, uint256 amount, bool bySignature) external {
        bytes32 id = escrows[seed % escrows.length];
        amount = within(amount, 0, 250 ether);
        bytes memory signature = release(BUILDER, id, worker, amount);
        if (bySignature) {
            escrow.releaseFor(Statements.Release(id, worker, amount), signature);
        } else {
            vm.prank(builder);
            escrow.release(id);
        }
    }

    function work(uint256 seed, bool delivers) external {
        bytes32 id = escrows[seed % escrows.length];
        vm.prank(worker);
        if (delivers) escrow.deliver(id, "cid", "log");
        else escrow.take(id);
    }

    function decide(uint256 seed, uint256 how) external {
        bytes32 id = escrows[seed % escrows.length];
        JobEscrow.Escrow memory before = escrow.escrowOf(id);
        if (how % 3 == 0) {
            vm.prank(builder);
            escrow.refuse(id);
        } else if (how % 3 == 1) {
            escrow.settle(id);
        } else {
            escrow.burn(id);
            burntByRule += before.amount + before.deposit;
        }
    }

    function refund(uint256 seed, uint256 by) external {
        bytes32 id = escrows[seed % escrows.length];
        JobEscrow.Escrow memory before = escrow.escrowOf(id);
        vm.prank(who(by));
        escrow.refund(id);
        if (before.state == JobEscrow.State.Delivered) return;
        burntByRule += before.deposit;
    }

    function escrowCount() external view returns (uint256) {
        return escrows.length;
    }

    // Channels

    function open(uint256 deposit, bool onBase) external {
        vm.prank(client);
        opened.push(
            channels.open(
                worker, onBase ? base : tuned, within(deposit, 1, 300 ether), uint64(block.timestamp) + 5 days
            )
        );
    }

    function topUp(uint256 seed, uint256 by, uint256 amount) external {
        bytes32 id = opened[seed % opened.length];
        vm.prank(who(by));
        channels.topUp(id, within(amount, 0, 50 ether));
    }

    function claimVoucher(uint256 seed, uint256 cumulative) external {
        bytes32 id = opened[seed % opened.length];
        cumulative = within(cumulative, 0, 400 ether);
        channels.claim(id, cumulative, voucher(CLIENT, id, cumulative));
    }

    function startClose(uint256 seed) external {
        bytes32 id = opened[seed % opened.length];
        vm.prank(client);
        channels.startClose(id);
    }

    function finishClose(uint256 seed, bool byWorker) external {
        bytes32 id = opened[seed % opened.length];
        vm.prank(byWorker ? worker : client);
        channels.finishClose(id);
    }

    function channelCount() external view returns (uint256) {
        return opened.length;
    }

    // Epochs

    function donate(uint256 seed, uint256 amount) external {
        vm.prank(who(seed));
        anchor.deposit(pool, within(amount, 0, 100 ether));
    }

    /// @dev Leaves are anything that fits: the division need not follow from the last one.
    function propose(uint256 seed, bool fraud) public {
        uint256 most = anchor.poolOf(pool).deposited;
        for (uint256 i = 0; i < 4; i++) leaves[i] = within(uint256(keccak256(abi.encode(seed, i))), 0, most / 3);
        SumTree.Node memory payouts = TreeBuilder.root(payoutTree());
        forgedReceipt = Statements.Receipt("x", sequence++, 0, tuned, 0, 0, 1, 1, 5, 5, 0, 0, 0, false);
        bytes32 receiptsRoot = fraud ? forgedLeaf().hash : bytes32(0);
        uint32 next = anchor.poolOf(pool).epoch + 1;
        AttributionAnchor.Proposal memory p = AttributionAnchor.Proposal(
            pool, next, receiptsRoot, fraud ? 5 : 0, fraud ? 1 : 0, payouts.hash, payouts.sum, "bundle"
        );
        address by = seed % 2 == 0 ? settler : worker;
        anchorFor(by, anchoring(p));
        vm.roll(block.number + DRAW_BLOCKS + 1);
        anchor.draw(pool, next);
        vm.warp(anchor.roundOf(pool, next).revealEnds);
        vm.prank(by);
        anchor.propose(p);
        proposedIsFraud = fraud;
    }

    function anchorFor(address by, Rounds.Anchoring memory a) private {
        Rounds.Round memory before = anchor.roundOf(pool, a.epoch);
        vm.prank(by);
        anchor.anchorReceipts(a);
        if (before.settler != address(0) && !before.spent) burntByRule += before.bond;
    }

    /// @dev Receipts whose payouts come later, or never.
    function anchorReceipts(uint256 seed) external {
        anchorFor(who(seed), Rounds.Anchoring(pool, anchor.poolOf(pool).epoch + 1, 0, 0, 0, "receipts"));
    }

    function draw() external {
        anchor.draw(pool, anchor.poolOf(pool).epoch + 1);
    }

    function join(uint256 seed) external {
        vm.prank(who(seed));
        registry.join(pool);
    }

    function giveUp(uint256 seed) external {
        vm.prank(who(seed));
        registry.giveUp(pool);
    }

    function commit(uint256 seed) external {
        uint32 next = anchor.poolOf(pool).epoch + 1;
        bytes32 drawn = anchor.roundOf(pool, next).seed;
        vm.prank(who(seed));
        anchor.commit(pool, next, drawn, bytes32(seed));
    }

    function penalise(uint256 seed, uint256 by, bool byRoster) external {
        uint32 next = anchor.poolOf(pool).epoch + 1;
        uint32 number = anchor.roundOf(pool, next).number;
        address scorer = who(seed);
        (uint256 leaving,) = registry.unbondingOf(scorer);
        uint256 taken = registry.stakeOf(scorer) + leaving;
        if (taken > MIN_STAKE / 10) taken = MIN_STAKE / 10;
        vm.prank(byRoster ? validator : who(by));
        if (byRoster) anchor.blame(pool, next, number, scorer);
        else anchor.penaliseAbsent(pool, next, number, scorer);
        burntByRule += taken - registry.rewardOf(scorer, byRoster ? address(0) : who(by), taken);
    }

    function challenge(uint256 by) external {
        uint32 next = anchor.poolOf(pool).epoch + 1;
        SumTree.Proof memory proof;
        AttributionAnchor.ReceiptEvidence memory e =
            AttributionAnchor.ReceiptEvidence(forgedReceipt, "", "", forgedReceipt.fee, proof);
        AttributionAnchor.Epoch memory epoch = anchor.epochOf(pool, next);
        (uint256 leaving,) = registry.unbondingOf(epoch.proposer);
        uint256 bonded = registry.stakeOf(epoch.proposer) + leaving;
        bool itself = registry.payoutOf(who(by)) == epoch.proposer || who(by) == epoch.proposer;
        vm.prank(who(by));
        anchor.challengeSignature(pool, next, e);
        yes(proposedIsFraud, "an honest epoch was voided");
        burntByRule += epoch.bond - (itself ? 0 : epoch.bond / 10) + (bonded < MIN_STAKE ? bonded : MIN_STAKE);
    }

    /// @dev The host has no stake and no say; the validator's word alone voids an epoch.
    function veto(bool byHost) external {
        uint32 next = anchor.poolOf(pool).epoch + 1;
        AttributionAnchor.Epoch memory epoch = anchor.epochOf(pool, next);
        bytes32 content = anchor.contentOf(
            epoch.receiptsRoot, epoch.receiptsTotal, epoch.receiptCount, epoch.payoutsRoot, epoch.payoutsTotal
        );
        (address before,) = anchor.heldOf(pool, next, content);
        vm.prank(byHost ? host : validator);
        anchor.veto(pool, next, epoch.round);
        yes(!byHost, "a validator without a stake has no say");
        if (before != address(0)) {
            burntByRule += epoch.bond;
        } else {
            heldBonds += epoch.bond;
            vetoedContents.push(content);
            vetoedEpochs.push(next);
        }
    }

    function settleBond(uint256 seed) external {
        seed = seed % vetoedContents.length;
        (bytes32 content, uint32 number) = (vetoedContents[seed], vetoedEpochs[seed]);
        AttributionAnchor.Epoch memory epoch = anchor.epochOf(pool, number);
        bytes32 counted = anchor.contentOf(
            epoch.receiptsRoot, epoch.receiptsTotal, epoch.receiptCount, epoch.payoutsRoot, epoch.payoutsTotal
        );
        (, uint256 bond) = anchor.heldOf(pool, number, content);
        anchor.settleBond(pool, number, content);
        heldBonds -= bond;
        burntByRule += counted == content ? bond - bond / 2 : bond;
    }

    function finalize() public {
        uint32 next = anchor.poolOf(pool).epoch + 1;
        anchor.finalize(pool, next);
        for (uint256 i = 0; i < 4; i++) {
            if (leaves[i] > bestLeaf[who(i)]) bestLeaf[who(i)] = leaves[i];
        }
        deepest = next;
    }

    /// @dev A whole honest epoch at once, because drawn calls rarely come in that order.
    function settle(uint256 seed, uint256 claims) external {
        propose(seed, false);
        vm.warp(block.timestamp + CHALLENGE);
        finalize();
        for (uint256 i = 0; i < 4; i++) {
            if ((claims >> i) & 1 == 1 && leaves[i] > anchor.claimedBy(pool, who(i))) {
                SumTree.Proof memory proof = TreeBuilder.prove(payoutTree(), 0, i);
                try anchor.claim(pool, who(i), leaves[i], proof) {} catch (bytes memory refusal) {
                    // a tree that divides paid money anew: the pool pays no more than its total
                    yes(bytes4(refusal) == AttributionAnchor.BeyondTotal.selector, "refused for another reason");
                }
            }
        }
    }

    function claimPayout(uint256 seed) external {
        seed = seed % 4;
        anchor.claim(pool, who(seed), leaves[seed], TreeBuilder.prove(payoutTree(), 0, seed));
    }

    function payoutTree() private view returns (SumTree.Node[][] memory) {
        SumTree.Node[] memory nodes = new SumTree.Node[](4);
        for (uint256 i = 0; i < 4; i++) nodes[i] = TreeBuilder.leafNode(keccak256(abi.encode(who(i))), leaves[i]);
        return TreeBuilder.build(nodes);
    }

    function forgedLeaf() private view returns (SumTree.Node memory) {
        bytes32 content = keccak256(abi.encode(digestOf(forgedReceipt.hash()), keccak256(""), keccak256("")));
        return TreeBuilder.leafNode(content, forgedReceipt.fee);
    }

    // What the invariants look at

    function held()
        external
        view
        returns (uint256 stakes, uint256 inEscrow, uint256 inChannels, uint256 inPool, uint256 bonds)
    {
        address[6] memory all =
            [vm.addr(keys[0]), vm.addr(keys[1]), vm.addr(keys[2]), vm.addr(keys[3]), validator, stranger];
        for (uint256 i = 0; i < 6; i++) {
            (uint256 out,) = registry.unbondingOf(all[i]);
            yes(registry.lockedOf(all[i]) <= registry.stakeOf(all[i]), "more is locked than is there");
            stakes += registry.stakeOf(all[i]) + out;
        }
        for (uint256 i = 0; i < escrows.length; i++) {
            JobEscrow.Escrow memory e = escrow.escrowOf(escrows[i]);
            if (e.state != JobEscrow.State.None && e.state <= JobEscrow.State.Refused) inEscrow += e.amount + e.deposit;
        }
        for (uint256 i = 0; i < opened.length; i++) {
            PaymentChannels.Channel memory c = channels.channelOf(opened[i]);
            yes(c.claimed <= c.deposit, "a channel paid more than its deposit");
            if (!c.closed) inChannels += c.deposit - c.claimed;
        }
        AttributionAnchor.Pool memory p = anchor.poolOf(pool);
        yes(p.paid <= p.payoutsTotal && p.payoutsTotal <= p.deposited, "a pool paid more than it settled or had");
        inPool = p.deposited - p.paid;
        AttributionAnchor.Epoch memory open_ = anchor.epochOf(pool, p.epoch + 1);
        bonds = heldBonds + (open_.state == AttributionAnchor.State.Pending ? open_.bond : 0)
            + anchor.roundOf(pool, p.epoch + 1).bond;
    }

    function claimedInAll() external view returns (uint256 claimed) {
        for (uint256 i = 0; i < 4; i++) {
            uint256 one = anchor.claimedBy(pool, who(i));
            yes(one <= bestLeaf[who(i)], "more was claimed than any leaf");
            claimed += one;
        }
    }

    function paid() external view returns (uint256) {
        return anchor.poolOf(pool).paid;
    }

    function balance(address account) external view returns (uint256) {
        return token.balanceOf(account);
    }

    function supply() external view returns (uint256) {
        return token.totalSupply();
    }

    function initialSupply() external pure returns (uint256) {
        return SUPPLY;
    }
}
