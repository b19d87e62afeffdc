// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AttributionAnchor} from "solidity/AttributionAnchor.sol";
import {ModelRegistry} from "solidity/ModelRegistry.sol";
import {Rounds} from "solidity/Rounds.sol";
import {ServingBonds} from "solidity/ServingBonds.sol";
import {Statements} from "solidity/Statements.sol";
import {SumTree} from "solidity/SumTree.sol";
import {TrainingAudits} from "solidity/TrainingAudits.sol";
import {Epochs} from "./Epochs.sol";
import {TreeBuilder} from "./TreeBuilder.sol";

/// forge-config: default.isolate = true
/// @dev What transactions cost, each whole: with what every transaction costs and its data. `node scripts/contracts.ts
/// gas` writes what is measured here into GAS.md.
contract GasTest is Epochs {
    using Statements for Statements.Commitment;
    using Statements for Statements.Receipt;

    event log_named_uint(string what, uint256 gas);

    /// @dev A path of that many levels, as in an epoch that pays 2^levels accounts.
    function path(uint256 levels) private pure returns (SumTree.Proof memory proof) {
        proof.siblings = new SumTree.Node[](levels);
        for (uint256 i = 0; i < levels; i++) proof.siblings[i] = SumTree.Node(keccak256(abi.encode(i)), 1 ether);
    }

    function rootOf(SumTree.Node memory node, SumTree.Proof memory proof) private pure returns (SumTree.Node memory) {
        for (uint256 i = 0; i < proof.siblings.length; i++) {
            node = SumTree.Node(SumTree.parent(node, proof.siblings[i]), node.sum + proof.siblings[i].sum);
        }
        return node;
    }

    function measured(string memory what, uint256 most) private returns (uint256 gas) {
        gas = vm.lastCallGas().gasTotalUsed;
        emit log_named_uint(what, gas);
        yes(gas <= most, string.concat(what, ": more than ", vm.toString(most)));
    }

    /// @dev Without what any transaction with that data costs.
    function itself(uint256 gas, uint256 sum, SumTree.Proof memory proof) private {
        bytes memory data = abi.encodeCall(AttributionAnchor.claim, (pool, contributor, sum, proof));
        gas -= 21_000;
        for (uint256 i = 0; i < data.length; i++) gas -= data[i] == 0 ? 4 : 16;
        emit log_named_uint("the same without the transaction around it", gas);
        yes(gas <= 60_000, "more than 60,000");
    }

    function filled() private {
        token.approve(address(anchor), type(uint256).max);
        anchor.deposit(pool, 100_000 ether);
        fund(settler, 100_000 ether, address(anchor));
    }

    function settle(uint32 epoch, uint32 receipts, SumTree.Node memory payouts) private {
        proposed(
            settler,
            AttributionAnchor.Proposal(pool, epoch, "root", 1, receipts, payouts.hash, payouts.sum, CID)
        );
    }

    string private constant CID = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";

    function testClaims() public {
        filled();
        SumTree.Proof memory proof = path(10);
        for (uint256 i = 1; i <= 2; i++) {
            SumTree.Node memory leaf = TreeBuilder.leafNode(keccak256(abi.encode(contributor)), i * 100 ether);
            settle(uint32(i), 1, rootOf(leaf, proof));
            vm.warp(block.timestamp + CHALLENGE);
            anchor.finalize(pool, uint32(i));
            anchor.claim(pool, contributor, leaf.sum, proof);
            if (i == 1) measured("first claim of an account, of 1,024", 140_000);
            else itself(measured("claim, of 1,024", 90_000), leaf.sum, proof);
        }
        proof = path(17);
        SumTree.Node memory wide = TreeBuilder.leafNode(keccak256(abi.encode(contributor)), 300 ether);
        settle(3, 1, rootOf(wide, proof));
        vm.warp(block.timestamp + CHALLENGE);
        anchor.finalize(pool, 3);
        anchor.claim(pool, contributor, wide.sum, proof);
        measured("claim, of 131,072", 100_000);
    }

    function testAnchoringCostsTheSameForAnyNumberOfReceipts() public {
        filled();
        settle(1, 1, SumTree.Node("payouts", 1 ether));
        measured("first proposal of a pool, of one receipt", 400_000);
        vm.warp(block.timestamp + CHALLENGE);
        anchor.finalize(pool, 1);
        settle(2, 300, SumTree.Node("payouts", 2 ether));
        uint256 few = measured("proposal of 300 receipts", 400_000);
        vm.warp(block.timestamp + CHALLENGE);
        anchor.finalize(pool, 2);
        uint256 finality = measured("an epoch made final", 90_000);
        settle(3, 100_000, SumTree.Node("payouts", 3 ether));
        uint256 many = measured("proposal of 100,000 receipts", 400_000);
        yes(many < few + 100 && few < many + 100, "the number of receipts costs nothing");
        yes((many + finality) / 100_000 < 5, "less than five for a receipt");
    }

    function testTheFirstStepCostsTheSameForAnyNumberOfReceipts() public {
        filled();
        for (uint256 i = 0; i < 9; i++) {
            address one = vm.addr(0xD000 + i);
            staked(one, MIN_STAKE);
            vm.prank(one);
            registry.join(pool);
        }
        measured("a scorer's seat", 150_000);
        Rounds.Anchoring memory a =
            anchoring(AttributionAnchor.Proposal(pool, 1, "root", 1, 100_000, 0, 0, "bundle"));
        a.receipts = CID;
        vm.prank(settler);
        anchor.anchorReceipts(a);
        uint256 gas = measured("100,000 receipts anchored", 400_000);
        yes(gas / 100_000 < 5, "less than five for a receipt");
        vm.roll(block.number + DRAW_BLOCKS + 1);
        anchor.draw(pool, 1);
        measured("the draw of a panel of nine", 400_000);
        bytes32 seed = anchor.roundOf(pool, 1).seed;
        vm.prank(vm.addr(0xD000));
        anchor.commit(pool, 1, seed, "words");
        measured("a scorer's commitment", 110_000);
    }

    function testAnAudit() public {
        for (uint256 i = 0; i < 9; i++) {
            staked(vm.addr(0xD000 + i), MIN_STAKE);
            vm.prank(vm.addr(0xD000 + i));
            registry.join(pool);
        }
        bytes32 model = newModel(pool, 5000, 2500, 2500);
        uint256 fee = audits.leastFee();
        fund(builder, 100 ether, address(audits));
        vm.prank(builder);
        audits.open(model, 4, fee);
        measured("the audit of a training opened", 350_000);
        bytes32 id = audits.idOf(builder, keccak256("job"));
        vm.roll(block.number + DRAW_BLOCKS + 1);
        audits.draw(id);
        measured("the draw of its auditors", 430_000);
        bytes32 seed = audits.auditOf(id).seed;
        for (uint256 i = 0; i < 9; i++) {
            vm.prank(vm.addr(0xD000 + i));
            audits.say(id, seed, TrainingAudits.Word.Agrees, "subject", 15, 0);
        }
        measured("an auditor's word", 100_000);
        audits.close(id);
        measured("the close that pays its auditors", 500_000);
    }

    function testServingBonds() public {
        for (uint256 i = 0; i < 9; i++) {
            staked(vm.addr(0xD000 + i), MIN_STAKE);
            vm.prank(vm.addr(0xD000 + i));
            registry.join(pool);
        }
        staked(worker, MIN_STAKE);
        vm.prank(worker);
        serving.stand(pool);
        measured("a worker that stands for its answers", 150_000);
        vm.warp(block.timestamp + 1);
        drawn(settler, AttributionAnchor.Proposal(pool, 1, "receipts", 7, 2, 0, 0, "bundle"));
        ServingBonds.Answers memory a = ServingBonds.Answers(pool, 1, 1, model, worker);
        bytes32 seed = anchor.roundOf(pool, 1).seed;
        for (uint256 i = 0; i < 7; i++) {
            vm.prank(vm.addr(0xD000 + i));
            anchor.commit(pool, 1, seed, "words");
            vm.prank(vm.addr(0xD000 + i));
            serving.accuse(a, "the answers that were drawn");
            if (i == 1) measured("a scorer's word against it", 200_000);
        }
        measured("the word that takes its stake", 250_000);
        staked(stranger, MIN_STAKE);
        vm.prank(stranger);
        serving.stand(pool);
        vm.prank(stranger);
        serving.leave(pool);
        measured("it stands no more", 80_000);
    }

    function testTheRest() public {
        Draft memory draft = honest(64, 1);
        draft.workerSignatures[7] = "";
        propose(draft);
        AttributionAnchor.ReceiptEvidence memory e = evidence(draft, 7);
        vm.prank(challenger);
        anchor.challengeSignature(pool, 1, e);
        measured("a forged receipt shown, of 64", 200_000);
        staked(settler, MIN_STAKE);
        propose(honest(2, 1));
        vm.prank(host);
        anchor.veto(pool, 1, 2);
        measured("a validator's word against an epoch", 110_000);
        newChannel(model, 10 ether);
        measured("a channel opened", 260_000);
        bytes memory word = voucher(CLIENT, channel, 10 ether);
        channels.claim(channel, 10 ether, word);
        measured("first voucher of a channel claimed", 260_000);
        word = voucher(CLIENT, channel, 20 ether);
        channels.claim(channel, 20 ether, word);
        measured("voucher claimed", 130_000);
        claimedFrom(grown(1), "the same, with one model upstream");
        claimedFrom(grown(4), "the same, with four, two of them on data");
    }

    function testTerms() public {
        bytes memory text = new bytes(1000);
        for (uint256 i = 0; i < text.length; i++) text[i] = "x";
        vm.prank(host);
        bytes32 amendment = datanets.proposeRules(pool, string(text));
        measured("rules of 1,000 bytes put forward", 220_000);
        staked(validator, MIN_STAKE);
        vm.prank(validator);
        datanets.speakOnRules(amendment, true);
        measured("the word that sets them", 140_000);
        vm.prank(host);
        datanets.nameHost(pool, stranger);
        measured("the next host named", 80_000);
        vm.prank(stranger);
        datanets.acceptHost(pool);
        measured("a Datanet taken over", 80_000);
    }

    function testQuestions() public {
        bytes memory questions = new bytes(4000);
        for (uint256 i = 0; i < questions.length; i++) questions[i] = "x";
        vm.prank(stranger);
        bytes32 batch =
            datanets.putBatch(pool, keccak256(abi.encodePacked(keccak256("key"))), questions, new bytes(162));
        measured("4,000 bytes of questions put sealed", 320_000);
        staked(validator, MIN_STAKE);
        vm.prank(validator);
        datanets.speakOnBatch(batch, true);
        measured("the word that accepts them", 160_000);
        (,,, uint32 version,,) = datanets.datanetOf(pool);
        anchorNext(pool, version + 1);
        datanets.openBatch(batch, keccak256("key"));
        measured("sealed questions opened", 80_000);
    }

    function testContributions() public {
        fund(contributor, 10 ether, address(bonds));
        Statements.Commitment memory c = committing(pool, contributor, "first");
        committed(CONTRIBUTOR, c);
        c.commitment = "second";
        (bytes32 contribution,) = committed(CONTRIBUTOR, c);
        measured("a commitment", 190_000);
        (c.commitment, c.bond, c.bondSeconds) = ("third", 1 ether, 2 days);
        committed(CONTRIBUTOR, c);
        (c.commitment, c.bond) = ("fourth", 1 ether);
        (contribution,) = committed(CONTRIBUTOR, c);
        measured("a commitment with a bond", 300_000);
        staked(host, MIN_STAKE);
        vm.prank(host);
        bonds.callSpam(contribution);
        measured("a validator's word that it is spam", 120_000);
        vm.warp(block.timestamp + 2 days);
        bonds.giveBack(contribution);
        measured("a bond given back", 90_000);
    }

    /// @dev A model with so many above it, each of its own builder: bases and adapters on them in turn.
    function grown(uint256 above) private returns (bytes32 model) {
        for (uint256 i = 0; i <= above; i++) {
            bool tuned = (above - i) % 2 == 0;
            bytes32 net = tuned ? newDatanet(keccak256(abi.encode(above, i))) : bytes32(0);
            if (tuned) anchorNext(net, 1);
            ModelRegistry.Registration memory r = registration(net, 4000, tuned ? 1000 : 3000, tuned ? 2000 : 0);
            r.base = string.concat("base-", vm.toString(tuned ? i : i + 1));
            (r.upstream, r.upstreamBps) = (model, 3000);
            if (model == 0) (r.upstreamBps, r.builderBps) = (0, r.builderBps + 3000);
            vm.prank(vm.addr(0xC000 + i));
            model = models.register(r);
        }
    }

    function claimedFrom(bytes32 model, string memory what) private {
        bytes32 channel = newChannel(model, 100 ether);
        bytes memory word = voucher(CLIENT, channel, 10 ether);
        channels.claim(channel, 10 ether, word);
        word = voucher(CLIENT, channel, 20 ether);
        channels.claim(channel, 20 ether, word);
        measured(what, 500_000);
    }
}
