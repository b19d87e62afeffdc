// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AuditPay} from "solidity/AuditPay.sol";
import {ModelRegistry} from "solidity/ModelRegistry.sol";
import {Statements} from "solidity/Statements.sol";
import {Network} from "./Network.sol";
import {Reader} from "./Vectors.t.sol";

/// @dev What TypeScript makes of many inputs of any width, met by the contracts themselves.
contract ManyVectorsTest is Network {
    using Statements for Statements.Receipt;

    string private json;

    function setUp() public override {
        super.setUp();
        json = vm.readFile("test/vectors/many.json");
    }

    function entry(string memory list, uint256 i, string memory name) private pure returns (string memory) {
        return string.concat(".", list, "[", vm.toString(i), "].", name);
    }

    function word(string memory path) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, path);
    }

    function number(string memory path) private view returns (uint256) {
        return vm.parseJsonUint(json, path);
    }

    function count(string memory list) private view returns (uint256 length) {
        while (vm.keyExistsJson(json, string.concat(".", list, "[", vm.toString(length), "]"))) length++;
        yes(length > 0, "there are some");
    }

    function testReceipts() public {
        vm.chainId(number(".network.chainId"));
        Reader reader = new Reader(vm.parseJsonAddress(json, ".network.registry"));
        uint256 length = count("receipts");
        for (uint256 i = 0; i < length; i++) {
            Statements.Receipt memory r;
            r.channel = word(entry("receipts", i, "message.channel"));
            r.sequence = uint64(number(entry("receipts", i, "message.sequence")));
            r.previous = word(entry("receipts", i, "message.previous"));
            r.model = word(entry("receipts", i, "message.model"));
            r.request = word(entry("receipts", i, "message.request"));
            r.response = word(entry("receipts", i, "message.response"));
            r.inputTokens = uint32(number(entry("receipts", i, "message.inputTokens")));
            r.outputTokens = uint32(number(entry("receipts", i, "message.outputTokens")));
            r.fee = number(entry("receipts", i, "message.fee"));
            r.total = number(entry("receipts", i, "message.total"));
            r.seed = uint64(number(entry("receipts", i, "message.seed")));
            r.startedAt = uint64(number(entry("receipts", i, "message.startedAt")));
            r.finishedAt = uint64(number(entry("receipts", i, "message.finishedAt")));
            r.confidential = vm.parseJsonBool(json, entry("receipts", i, "message.confidential"));
            same(r.hash(), word(entry("receipts", i, "structHash")), "struct");
            same(reader.digest(r.hash()), word(entry("receipts", i, "digest")), "digest");
        }
    }

    function testEscrowIds() public view {
        uint256 length = count("escrows");
        for (uint256 i = 0; i < length; i++) {
            bytes32 id = escrow.idOf(
                vm.parseJsonAddress(json, entry("escrows", i, "builder")),
                word(entry("escrows", i, "job")),
                word(entry("escrows", i, "lot")),
                vm.parseJsonAddress(json, entry("escrows", i, "worker")),
                uint32(number(entry("escrows", i, "attempt")))
            );
            same(id, word(entry("escrows", i, "id")), "escrow");
        }
    }

    function testModelIds() public view {
        uint256 length = count("models");
        for (uint256 i = 0; i < length; i++) {
            ModelRegistry.Registration memory r;
            r.name = vm.parseJsonString(json, entry("models", i, "registration.name"));
            r.base = vm.parseJsonString(json, entry("models", i, "registration.base"));
            r.adapter = vm.parseJsonString(json, entry("models", i, "registration.adapter"));
            r.result = vm.parseJsonString(json, entry("models", i, "registration.result"));
            r.licence = vm.parseJsonString(json, entry("models", i, "registration.licence"));
            r.datanet = word(entry("models", i, "registration.datanet"));
            r.version = uint32(number(entry("models", i, "registration.version")));
            r.job = word(entry("models", i, "registration.job"));
            r.worker = vm.parseJsonAddress(json, entry("models", i, "registration.worker"));
            r.workerBps = uint16(number(entry("models", i, "registration.split.worker")));
            r.builderBps = uint16(number(entry("models", i, "registration.split.builder")));
            r.dataBps = uint16(number(entry("models", i, "registration.split.data")));
            r.upstreamBps = uint16(number(entry("models", i, "registration.split.upstream")));
            r.upstream = word(entry("models", i, "registration.upstream"));
            address by = vm.parseJsonAddress(json, entry("models", i, "builder"));
            same(models.idOf(by, r), word(entry("models", i, "id")), "model");
        }
    }

    function testSplits() public {
        bytes32 datanet = newDatanet("rules");
        anchorNext(datanet, 1);
        uint256 length = count("splits");
        for (uint256 i = 0; i < length; i++) {
            uint256 amount = number(entry("splits", i, "amount"));
            ModelRegistry.Registration memory r = registration(
                datanet,
                uint16(number(entry("splits", i, "worker"))),
                uint16(number(entry("splits", i, "builder"))),
                uint16(number(entry("splits", i, "data")))
            );
            r.name = vm.toString(i);
            vm.prank(builder);
            bytes32 channel = newChannel(models.register(r), amount);
            uint256 before = token.balanceOf(worker);
            uint256 built = token.balanceOf(builder);
            uint256 pooled = anchor.poolOf(datanet).deposited;
            channels.claim(channel, amount, voucher(CLIENT, channel, amount));
            same(token.balanceOf(worker) - before, number(entry("splits", i, "toWorker")), "worker");
            same(token.balanceOf(builder) - built, number(entry("splits", i, "toBuilder")), "builder");
            same(anchor.poolOf(datanet).deposited - pooled, number(entry("splits", i, "toData")), "data");
        }
    }

    function testAuditPay() public view {
        uint256 length = count("auditPay");
        for (uint256 i = 0; i < length; i++) {
            uint256 sits = count(string.concat("auditPay[", vm.toString(i), "].panel"));
            address[] memory panel = new address[](sits);
            uint256[] memory runs = new uint256[](sits);
            for (uint256 j = 0; j < sits; j++) {
                string memory at = string.concat("[", vm.toString(j), "]");
                panel[j] = vm.parseJsonAddress(json, entry("auditPay", i, string.concat("panel", at)));
                runs[j] = number(entry("auditPay", i, string.concat("runs", at)));
            }
            (uint256[] memory pay, uint256 paid) = AuditPay.payFor(
                word(entry("auditPay", i, "seed")),
                panel,
                runs,
                number(entry("auditPay", i, "segments")),
                number(entry("auditPay", i, "fee"))
            );
            uint256 sum = 0;
            for (uint256 j = 0; j < sits; j++) {
                same(pay[j], number(entry("auditPay", i, string.concat("pay[", vm.toString(j), "]"))), "pay");
                sum += pay[j];
            }
            same(paid, sum, "in all");
        }
    }
}
