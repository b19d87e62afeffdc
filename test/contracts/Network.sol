// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AttributionAnchor} from "solidity/AttributionAnchor.sol";
import {ContributionBonds} from "solidity/ContributionBonds.sol";
import {DatanetRegistry} from "solidity/DatanetRegistry.sol";
import {JobEscrow} from "solidity/JobEscrow.sol";
import {Juries} from "solidity/Juries.sol";
import {ModelRegistry} from "solidity/ModelRegistry.sol";
import {NodeRegistry} from "solidity/NodeRegistry.sol";
import {PaymentChannels} from "solidity/PaymentChannels.sol";
import {Rounds} from "solidity/Rounds.sol";
import {ServingBonds} from "solidity/ServingBonds.sol";
import {Statements} from "solidity/Statements.sol";
import {TilthToken} from "solidity/TilthToken.sol";
import {TrainingAudits} from "solidity/TrainingAudits.sol";
import {Tester} from "./Tester.sol";

/// @dev A deployed network and the people in it, wired as node/chain/deploy.ts wires them.
abstract contract Network is Tester {
    using Statements for Statements.Commitment;
    using Statements for Statements.Version;
    using Statements for Statements.Voucher;
    using Statements for Statements.Receipt;
    using Statements for Statements.Release;
    using Statements for Statements.Vote;

    uint256 internal constant SUPPLY = 1_000_000 ether;
    uint256 internal constant BOND = 50 ether;
    uint256 internal constant MIN_STAKE = 100 ether;
    uint64 internal constant UNBOND = 21 days;
    uint64 internal constant SILENCE = 30 days;
    uint64 internal constant DISPUTE = 1 hours;
    uint64 internal constant CHALLENGE = 1 days;
    uint64 internal constant COMMIT = 2 hours;
    uint64 internal constant REVEAL = 1 hours;
    uint64 internal constant DRAW_BLOCKS = 5;
    uint64 internal constant DECIDE = 1 days;
    uint64 internal constant AUDIT = 1 days;

    uint256 internal constant HOST = 0xA001;
    uint256 internal constant CONTRIBUTOR = 0xA002;
    uint256 internal constant VALIDATOR = 0xA003;
    uint256 internal constant BUILDER = 0xA004;
    uint256 internal constant WORKER = 0xA005;
    uint256 internal constant CLIENT = 0xA006;
    uint256 internal constant SETTLER = 0xA007;
    uint256 internal constant CHALLENGER = 0xA008;
    uint256 internal constant STRANGER = 0xA009;

    TilthToken internal token;
    NodeRegistry internal registry;
    DatanetRegistry internal datanets;
    ContributionBonds internal bonds;
    ModelRegistry internal models;
    JobEscrow internal escrow;
    PaymentChannels internal channels;
    AttributionAnchor internal anchor;
    Juries internal juries;
    TrainingAudits internal audits;
    ServingBonds internal serving;

    address internal host = vm.addr(HOST);
    address internal contributor = vm.addr(CONTRIBUTOR);
    address internal validator = vm.addr(VALIDATOR);
    address internal builder = vm.addr(BUILDER);
    address internal worker = vm.addr(WORKER);
    address internal client = vm.addr(CLIENT);
    address internal settler = vm.addr(SETTLER);
    address internal challenger = vm.addr(CHALLENGER);
    address internal stranger = vm.addr(STRANGER);

    function setUp() public virtual {
        deploy(SUPPLY);
    }

    function deploy(uint256 supply) internal {
        vm.warp(1_800_000_000);
        token = new TilthToken(supply);
        registry = new NodeRegistry(token, UNBOND, MIN_STAKE);
        datanets = new DatanetRegistry(registry, SILENCE);
        bonds = datanets.bonds();
        models = new ModelRegistry(datanets);
        escrow = new JobEscrow(registry, DECIDE);
        AttributionAnchor expected =
            AttributionAnchor(vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1));
        channels = new PaymentChannels(registry, models, expected, DISPUTE);
        anchor = new AttributionAnchor(registry, models, channels, windows(CHALLENGE), BOND);
        yes(address(anchor) == address(expected), "channels know the anchor");
        juries = new Juries(registry, datanets, Juries.Windows(COMMIT, REVEAL, DRAW_BLOCKS), BOND);
        registry.authorise(address(juries));
        audits = new TrainingAudits(registry, models, AUDIT, DRAW_BLOCKS);
        registry.authorise(address(audits));
        serving = new ServingBonds(anchor);
        registry.authorise(address(serving));
        registry.authorise(address(datanets));
        registry.authorise(address(anchor));
        registry.renounceOwnership();
    }

    function windows(uint64 challenge) internal pure returns (Rounds.Windows memory) {
        return Rounds.Windows(challenge, COMMIT, REVEAL, DRAW_BLOCKS);
    }

    // Epochs

    function anchoring(AttributionAnchor.Proposal memory p) internal pure returns (Rounds.Anchoring memory) {
        return Rounds.Anchoring(p.pool, p.epoch, p.receiptsRoot, p.receiptsTotal, p.receiptCount, "receipts");
    }

    /// @dev The first step of an epoch, up to where its payouts can be proposed: nobody scores.
    function drawn(address by, AttributionAnchor.Proposal memory p) internal {
        Rounds.Anchoring memory a = anchoring(p);
        vm.prank(by);
        anchor.anchorReceipts(a);
        vm.roll(block.number + DRAW_BLOCKS + 1);
        anchor.draw(p.pool, p.epoch);
    }

    /// @dev Both steps.
    function proposed(address by, AttributionAnchor.Proposal memory p) internal {
        drawn(by, p);
        vm.prank(by);
        anchor.propose(p);
    }

    // Money

    /// @dev Gives tokens and lets the contract that takes them take them.
    function fund(address who, uint256 amount, address spender) internal {
        token.transfer(who, amount);
        vm.prank(who);
        token.approve(spender, type(uint256).max);
    }

    function staked(address who, uint256 amount) internal {
        fund(who, amount, address(registry));
        vm.prank(who);
        registry.stake(amount);
    }

    // Statements

    function digestOf(bytes32 structHash) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", registry.DOMAIN_SEPARATOR(), structHash));
    }

    function signed(uint256 key, bytes32 structHash) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digestOf(structHash));
        return abi.encodePacked(r, s, v);
    }

    function voucher(uint256 key, bytes32 channel, uint256 cumulative) internal view returns (bytes memory) {
        return signed(key, Statements.Voucher(channel, cumulative).hash());
    }

    function release(uint256 key, bytes32 id, address to, uint256 amount) internal view returns (bytes memory) {
        return signed(key, Statements.Release(id, to, amount).hash());
    }

    // Contributions

    /// @dev A contributor's statement under the rules in force, without a bond.
    function committing(bytes32 datanet, address who, bytes32 word)
        internal
        view
        returns (Statements.Commitment memory)
    {
        (, bytes32 rules,,,,) = datanets.datanetOf(datanet);
        return Statements.Commitment(datanet, who, word, rules, uint64(block.timestamp) + 1 days, 0, 0);
    }

    function committed(uint256 key, Statements.Commitment memory statement) internal returns (bytes32, uint64) {
        bytes memory signature = signed(key, statement.hash());
        vm.prank(address(0xFEE)); // anyone relays
        return datanets.commitFor(statement, signature);
    }

    function committed(bytes32 datanet, uint256 key, bytes32 word) internal returns (bytes32, uint64) {
        return committed(key, committing(datanet, vm.addr(key), word));
    }

    // Datanets, models, channels

    function roster() internal view returns (address[] memory validators, uint96[] memory weights) {
        validators = new address[](2);
        weights = new uint96[](2);
        (validators[0], validators[1]) = (host, validator);
        (weights[0], weights[1]) = (1, 3);
    }

    function newDatanet(bytes32 rules) internal returns (bytes32 id) {
        (address[] memory validators, uint96[] memory weights) = roster();
        vm.prank(host);
        return datanets.create(rules, 1, validators, weights);
    }

    function anchorNext(bytes32 datanet, uint32 version) internal {
        Statements.Version memory statement = Statements.Version(datanet, version, keccak256("root"), 5, "cid");
        datanets.anchorVersion(statement, signed(HOST, statement.hash()));
    }

    function registration(bytes32 datanet, uint16 workerBps, uint16 builderBps, uint16 dataBps)
        internal
        view
        returns (ModelRegistry.Registration memory)
    {
        return ModelRegistry.Registration(
            "elements",
            "base-cid",
            datanet == 0 ? "" : "adapter-cid",
            "",
            "CC-BY-4.0",
            datanet,
            datanet == 0 ? 0 : 1,
            keccak256("job"),
            worker,
            workerBps,
            builderBps,
            dataBps,
            0,
            0
        );
    }

    function newModel(bytes32 datanet, uint16 workerBps, uint16 builderBps, uint16 dataBps) internal returns (bytes32) {
        vm.prank(builder);
        return models.register(registration(datanet, workerBps, builderBps, dataBps));
    }

    function newChannel(bytes32 model, uint256 deposit) internal returns (bytes32) {
        fund(client, deposit, address(channels));
        vm.prank(client);
        return channels.open(worker, model, deposit, uint64(block.timestamp) + 30 days);
    }

    /// @dev A Datanet with version 1, a model on it that splits 50/20/30, and an open channel with that deposit.
    function servedModel(uint256 deposit) internal returns (bytes32 datanet, bytes32 model, bytes32 channel) {
        datanet = newDatanet("rules");
        anchorNext(datanet, 1);
        model = newModel(datanet, 5000, 2000, 3000);
        channel = newChannel(model, deposit);
    }
}
