// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {StatementReader} from "solidity/StatementReader.sol";
import {Statements} from "solidity/Statements.sol";
import {SumTree} from "solidity/SumTree.sol";
import {Tester} from "./Tester.sol";
import {TreeReader} from "./TreeBuilder.sol";

contract Reader is StatementReader {
    constructor(address domainAnchor) StatementReader(domainAnchor) {}

    function digest(bytes32 structHash) external view returns (bytes32) {
        return _digest(structHash);
    }

    function signedBy(bytes32 hash, bytes calldata signature, address signer) external pure returns (bool) {
        return _signedBy(hash, signature, signer);
    }
}

/// @dev The TypeScript side's digests, signatures and trees, met word for word (scripts/contract-vectors.ts).
contract VectorsTest is Tester {
    using Statements for Statements.Datanet;
    using Statements for Statements.Commitment;
    using Statements for Statements.Questions;
    using Statements for Statements.Vote;
    using Statements for Statements.Version;
    using Statements for Statements.Release;
    using Statements for Statements.Voucher;
    using Statements for Statements.Receipt;

    string private json;
    string private trees;
    Reader private reader;
    TreeReader private proofs = new TreeReader();
    address private signer;

    function setUp() public {
        json = vm.readFile("test/vectors/statements.json");
        trees = vm.readFile("test/vectors/sum-tree.json");
        vm.chainId(vm.parseJsonUint(json, ".network.chainId"));
        reader = new Reader(vm.parseJsonAddress(json, ".network.registry"));
        signer = vm.parseJsonAddress(json, ".signer");
    }

    function check(string memory name, bytes32 structHash) private view {
        string memory path = string.concat(".statements.", name);
        same(structHash, vm.parseJsonBytes32(json, string.concat(path, ".structHash")), name);
        bytes32 digest = reader.digest(structHash);
        same(digest, vm.parseJsonBytes32(json, string.concat(path, ".digest")), name);
        bytes memory signature = vm.parseJsonBytes(json, string.concat(path, ".signature"));
        yes(reader.signedBy(digest, signature, signer), name);
        yes(!reader.signedBy(digest ^ bytes32(uint256(1)), signature, signer), "another digest");
        yes(!reader.signedBy(digest, signature, address(0)), "nobody");
    }

    function field(string memory statement, string memory name) private pure returns (string memory) {
        return string.concat(".statements.", statement, ".message.", name);
    }

    function word(string memory statement, string memory name) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, field(statement, name));
    }

    function number(string memory statement, string memory name) private view returns (uint256) {
        return vm.parseJsonUint(json, field(statement, name));
    }

    function account(string memory statement, string memory name) private view returns (address) {
        return vm.parseJsonAddress(json, field(statement, name));
    }

    function testDatanet() public view {
        uint64 createdAt = uint64(number("Datanet", "createdAt"));
        check("Datanet", Statements.Datanet(account("Datanet", "host"), word("Datanet", "rules"), createdAt).hash());
    }

    function testCommitment() public view {
        Statements.Commitment memory c;
        c.datanet = word("Commitment", "datanet");
        c.contributor = account("Commitment", "contributor");
        c.commitment = word("Commitment", "commitment");
        c.rules = word("Commitment", "rules");
        c.deadline = uint64(number("Commitment", "deadline"));
        c.bond = number("Commitment", "bond");
        c.bondSeconds = uint64(number("Commitment", "bondSeconds"));
        check("Commitment", c.hash());
    }

    function testQuestions() public view {
        Statements.Questions memory q;
        q.datanet = word("Questions", "datanet");
        q.writer = account("Questions", "writer");
        q.roster = uint32(number("Questions", "roster"));
        q.keyHash = word("Questions", "keyHash");
        q.questions = word("Questions", "questions");
        q.keys = word("Questions", "keys");
        q.deadline = uint64(number("Questions", "deadline"));
        check("Questions", q.hash());
    }

    function testVote() public view {
        bool accept = vm.parseJsonBool(json, field("Vote", "accept"));
        bytes32 contribution = word("Vote", "contribution");
        address validator = account("Vote", "validator");
        bytes32 outcome = word("Vote", "outcome");
        check("Vote", Statements.Vote(contribution, validator, accept, outcome, word("Vote", "salt")).hash());
    }

    function testVersion() public view {
        string memory cid = vm.parseJsonString(json, field("Version", "cid"));
        uint32 version = uint32(number("Version", "version"));
        uint32 count = uint32(number("Version", "count"));
        bytes32 datanet = word("Version", "datanet");
        check("Version", Statements.Version(datanet, version, word("Version", "root"), count, cid).hash());
    }

    function testRelease() public view {
        bytes32 escrow = word("Release", "escrow");
        address worker = account("Release", "worker");
        check("Release", Statements.Release(escrow, worker, number("Release", "amount")).hash());
    }

    function testVoucher() public view {
        check("Voucher", Statements.Voucher(word("Voucher", "channel"), number("Voucher", "cumulative")).hash());
    }

    function testReceipt() public view {
        Statements.Receipt memory r;
        r.channel = word("Receipt", "channel");
        r.sequence = uint64(number("Receipt", "sequence"));
        r.previous = word("Receipt", "previous");
        r.model = word("Receipt", "model");
        r.request = word("Receipt", "request");
        r.response = word("Receipt", "response");
        r.inputTokens = uint32(number("Receipt", "inputTokens"));
        r.outputTokens = uint32(number("Receipt", "outputTokens"));
        r.fee = number("Receipt", "fee");
        r.total = number("Receipt", "total");
        r.seed = uint64(number("Receipt", "seed"));
        r.startedAt = uint64(number("Receipt", "startedAt"));
        r.finishedAt = uint64(number("Receipt", "finishedAt"));
        r.confidential = vm.parseJsonBool(json, field("Receipt", "confidential"));
        check("Receipt", r.hash());
    }

    function testSignatureHasOneForm() public view {
        bytes32 digest = vm.parseJsonBytes32(json, ".statements.Voucher.digest");
        bytes memory good = vm.parseJsonBytes(json, ".statements.Voucher.signature");
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        bytes32 r;
        bytes32 s;
        assembly {
            r := mload(add(good, 32))
            s := mload(add(good, 64))
        }
        uint8 v = uint8(good[64]);
        yes(!reader.signedBy(digest, abi.encodePacked(r, order - uint256(s), v == 27 ? 28 : 27), signer), "high s");
        yes(!reader.signedBy(digest, abi.encodePacked(r, s, v - 27), signer), "v of 0 or 1");
        yes(!reader.signedBy(digest, abi.encodePacked(r, s), signer), "64 bytes");
        yes(!reader.signedBy(digest, abi.encodePacked(good, uint8(0)), signer), "66 bytes");
        yes(!reader.signedBy(digest, "", signer), "no bytes");
    }

    function testLeafContents() public view {
        bytes32 receipt = keccak256(
            abi.encode(
                vm.parseJsonBytes32(trees, ".receiptLeaf.digest"),
                keccak256(vm.parseJsonBytes(trees, ".receiptLeaf.clientSignature")),
                keccak256(vm.parseJsonBytes(trees, ".receiptLeaf.workerSignature"))
            )
        );
        same(receipt, vm.parseJsonBytes32(trees, ".receiptLeaf.content"), "receipt leaf");
        bytes32 payout = keccak256(abi.encode(vm.parseJsonAddress(trees, ".payoutLeaf.account")));
        same(payout, vm.parseJsonBytes32(trees, ".payoutLeaf.content"), "payout leaf");
    }

    function testTrees() public view {
        for (uint256 t = 1; t < 7; t++) checkTree(string.concat(".trees[", vm.toString(t), "]"));
    }

    function checkTree(string memory path) private view {
        uint256 count = vm.parseJsonUint(trees, string.concat(path, ".count"));
        SumTree.Node memory root = node(string.concat(path, ".root"));
        for (uint256 i = 0; i < count; i++) {
            string memory index = string.concat("[", vm.toString(i), "]");
            string memory leafAt = string.concat(path, ".leaves", index);
            uint256 sum = vm.parseJsonUint(trees, string.concat(leafAt, ".sum"));
            bytes32 leaf = SumTree.leaf(vm.parseJsonBytes32(trees, string.concat(leafAt, ".content")), sum);
            same(leaf, vm.parseJsonBytes32(trees, string.concat(path, ".leafHashes", index)), "leaf");
            SumTree.Proof memory proof = proofAt(string.concat(path, ".proofs", index));
            yes(proofs.contains(root, SumTree.Node(leaf, sum), proof), "proof");
            yes(!proofs.contains(root, SumTree.Node(leaf, sum + 1), proof), "another sum");
            proof.index += uint256(1) << proof.siblings.length;
            yes(!proofs.contains(root, SumTree.Node(leaf, sum), proof), "an index beyond the tree");
        }
    }

    function node(string memory path) private view returns (SumTree.Node memory) {
        bytes32 hash = vm.parseJsonBytes32(trees, string.concat(path, ".hash"));
        return SumTree.Node(hash, vm.parseJsonUint(trees, string.concat(path, ".sum")));
    }

    function proofAt(string memory path) private view returns (SumTree.Proof memory proof) {
        proof.index = vm.parseJsonUint(trees, string.concat(path, ".index"));
        uint256 depth = 0;
        while (vm.keyExistsJson(trees, string.concat(path, ".siblings[", vm.toString(depth), "]"))) depth++;
        proof.siblings = new SumTree.Node[](depth);
        for (uint256 i = 0; i < depth; i++) {
            proof.siblings[i] = node(string.concat(path, ".siblings[", vm.toString(i), "]"));
        }
    }
}
