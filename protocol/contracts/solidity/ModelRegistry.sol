// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DatanetRegistry} from "./DatanetRegistry.sol";

/// @title Models: what each is made of, and how its fees are split. A channel splits by what stands here, so a data
/// share cannot be kept back by whoever is paid.
contract ModelRegistry {
    uint256 public constant WHOLE = 10_000;

    /// @param adapter CID of the adapter's folder; empty for a base model served as it is
    /// @param result CID of the tune job's result (players, coalitions, siblings)
    /// @param licence what it may be used under, as an SPDX identifier; empty where its builder has said none
    /// @param datanet what it was tuned on; zero if on no Datanet
    /// @param upstream the model that it was grown from and that a part of its fees goes to; zero if none. It was
    /// registered before, and its id is in this one's: so no way up ever comes back to where it began
    struct Registration {
        string name;
        string base;
        string adapter;
        string result;
        string licence;
        bytes32 datanet;
        uint32 version;
        bytes32 job;
        address worker;
        uint16 workerBps;
        uint16 builderBps;
        uint16 dataBps;
        uint16 upstreamBps;
        bytes32 upstream;
    }

    /// @dev What a division of its fees goes by.
    struct Shares {
        address builder;
        uint16 workerBps;
        uint16 builderBps;
        uint16 dataBps;
        uint16 upstreamBps;
        bytes32 datanet;
        bytes32 upstream;
    }

    struct Model {
        address builder;
        bool retired;
        Registration registration;
    }

    DatanetRegistry public immutable datanets;
    mapping(bytes32 id => Model) private _models;

    /// @notice With all of it, so that whoever follows the chain need not ask for it.
    event ModelRegistered(
        bytes32 indexed model, address indexed builder, bytes32 indexed datanet, Registration registration
    );
    event ModelRetired(bytes32 indexed model);

    error AlreadyRegistered(bytes32 model);
    error UnknownModel(bytes32 model);
    error NotTheBuilder(address builder);
    error SplitNotWhole(uint256 sum);
    error NoDatanetNoShare();
    error NoUpstreamNoShare();
    error NotGrownFrom(bytes32 upstream);
    error VersionNotAnchored(bytes32 datanet, uint32 version);
    error TextLength();

    constructor(DatanetRegistry datanets_) {
        datanets = datanets_;
    }

    /// @notice A model's id follows from who registers what: the same registration by the same builder has one id.
    function idOf(address builder, Registration calldata r) public pure returns (bytes32) {
        return keccak256(abi.encode(builder, r));
    }

    function register(Registration calldata r) external returns (bytes32 id) {
        uint256 sum = uint256(r.workerBps) + r.builderBps + r.dataBps + r.upstreamBps;
        if (sum != WHOLE) revert SplitNotWhole(sum);
        if (
            bytes(r.name).length == 0 || bytes(r.name).length > 320 || bytes(r.base).length == 0
                || bytes(r.base).length > 100 || bytes(r.adapter).length > 100 || bytes(r.result).length > 100
                || bytes(r.licence).length > 100
        ) revert TextLength();
        if (r.datanet == 0) {
            if (r.dataBps != 0 || r.version != 0) revert NoDatanetNoShare();
        } else {
            if (!datanets.isAnchored(r.datanet, r.version)) revert VersionNotAnchored(r.datanet, r.version);
            if (bytes(r.adapter).length == 0) revert TextLength();
        }
        if (r.upstream != 0) _requireGrown(r);
        else if (r.upstreamBps != 0) revert NoUpstreamNoShare();
        id = idOf(msg.sender, r);
        if (_models[id].builder != address(0)) revert AlreadyRegistered(id);
        _models[id] = Model(msg.sender, false, r);
        emit ModelRegistered(id, msg.sender, r.datanet, r);
    }

    /// @notice No new channels for it; those that are open are paid as agreed.
    function retire(bytes32 id) external {
        Model storage model = _models[id];
        if (model.builder == address(0)) revert UnknownModel(id);
        if (model.builder != msg.sender) revert NotTheBuilder(model.builder);
        model.retired = true;
        emit ModelRetired(id);
    }

    function modelOf(bytes32 id) external view returns (Model memory) {
        return _models[id];
    }

    /// @notice What channels and the anchor need of a model; `builder` is zero if it is not registered.
    function termsOf(bytes32 id) external view returns (address builder, bool retired, bytes32 datanet) {
        Model storage model = _models[id];
        return (model.builder, model.retired, model.registration.datanet);
    }

    /// @notice How what is paid for a model is divided.
    function sharesOf(bytes32 id) external view returns (Shares memory) {
        Model storage model = _models[id];
        Registration storage r = model.registration;
        return Shares(
            model.builder, r.workerBps, r.builderBps, r.dataBps, r.upstreamBps, r.datanet, r.upstream
        );
    }

    /// @dev An adapter is trained on its base, so what it names is a registration of that base as it is. A base may
    /// have been made of any model of another base, and of which is its builder's word: it is he whom it costs. What
    /// is retired has been grown from all the same.
    function _requireGrown(Registration calldata r) private view {
        Model storage upstream = _models[r.upstream];
        if (upstream.builder == address(0)) revert UnknownModel(r.upstream);
        bool sameBase = keccak256(bytes(upstream.registration.base)) == keccak256(bytes(r.base));
        bool isBase = bytes(upstream.registration.adapter).length == 0;
        if (bytes(r.adapter).length == 0 ? sameBase : !(sameBase && isBase)) revert NotGrownFrom(r.upstream);
    }
}
